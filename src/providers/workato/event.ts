import { AckloopError } from "../../core/errors.ts";
import { answerAtOnce } from "../../core/foreign.ts";
import type { CursorItem } from "../../feeds/cursor/api.ts";
import type { WireMessage } from "./wire.ts";

/** The object that was published, as far as Workato promises anything about it. */
export type WorkatoData = Readonly<Record<string, unknown>>;

/** Names the type of an event from its data. */
export type WorkatoTypeOf<Type extends string = string> = (data: WorkatoData) => Type;

/**
 * Makes the event of a message, or the `schema` error that tells what is wrong with it; `index` is its
 * place in the answer. Its id is the position behind it.
 *
 * @param typeOf Names the type; without it every type is `message`.
 */
export function toEvent(message: WireMessage, index: number, typeOf?: WorkatoTypeOf): CursorItem {
  const { id, time, payload, problem } = message;
  if (problem || id === undefined) {
    const { text, path } = problem ?? { text: "the message has no id", path: "" };
    return { position: id, time, unreadable: unreadable(text, `messages[${index}]${path}`) };
  }
  // A `typeOf` that fails has its event set aside; the page's other events are not lost with it.
  const type = typeOf === undefined ? "message" : answerAtOnce(() => typeOf(payload))?.value;
  if (typeof type !== "string" || type === "") {
    const text = "`typeOf` gave no type for this message";
    return { position: id, time, unreadable: unreadable(text, `messages[${index}].payload`) };
  }
  return { position: id, time, id, type, data: payload };
}

function unreadable(text: string, path: string): AckloopError {
  return new AckloopError("schema", text, { provider: "workato", operation: "pull", path });
}
