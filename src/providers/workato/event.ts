import { AckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import { answerAtOnce } from "../../core/foreign.ts";
import type { WireMessage } from "./wire.ts";

/** The object that was published, as far as Workato promises anything about it. */
export type WorkatoData = Readonly<Record<string, unknown>>;

/** Names the type of an event from its data. */
export type WorkatoTypeOf<Type extends string = string> = (data: WorkatoData) => Type;

/** What makes an event of a message besides the message. */
export interface EventFacts {
  /** The event's `source`. */
  readonly source: string;
  /** Names the type; without it every type is `message`. */
  readonly typeOf?: WorkatoTypeOf | undefined;
}

/**
 * Makes the event of a message, or the `schema` error that tells what is wrong with it; `index` is its
 * place in the answer.
 */
export function toEvent(
  message: WireMessage,
  index: number,
  { source, typeOf }: EventFacts,
): FeedEvent | AckloopError {
  const { id, time, payload, problem } = message;
  if (problem || id === undefined) {
    return unreadable(
      problem?.text ?? "the message has no id",
      `messages[${index}]${problem?.path ?? ""}`,
    );
  }
  // A `typeOf` that fails has its event set aside; the page's other events are not lost with it.
  const type = typeOf === undefined ? "message" : answerAtOnce(() => typeOf(payload))?.value;
  if (typeof type !== "string" || type === "") {
    return unreadable("`typeOf` gave no type for this message", `messages[${index}].payload`);
  }
  return {
    specversion: "1.0",
    id,
    source,
    type,
    ...(time === undefined ? {} : { time: toUtc(time) }),
    data: payload,
  };
}

/** Messages are documented with `+00:00`; any other offset is turned into UTC. */
function toUtc(time: string): string {
  return time.endsWith("+00:00") ? `${time.slice(0, -6)}Z` : new Date(time).toISOString();
}

function unreadable(text: string, path: string): AckloopError {
  return new AckloopError("schema", text, { provider: "workato", operation: "pull", path });
}
