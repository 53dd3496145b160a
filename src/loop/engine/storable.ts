import type { FeedEvent } from "../../core/event.ts";
import { toPlainEvent } from "../../core/plain.ts";
import { isErrorNamed } from "../../core/realm.ts";

/** What of a delivery goes into a dead letter. */
export interface Storable<Event> {
  /** The event; absent where it could not be written. */
  readonly event: Event | undefined;
  /** The provider's object, or its JSON as one text. */
  readonly raw: unknown;
  /** Why it is kept in another form than it came; absent where it is not. */
  readonly remark?: string | undefined;
}

/**
 * Makes sure that a store can write what came as JSON.
 *
 * Every engine reads JSON that nests ten thousand deep and fails to write it again; a feed of the user's
 * may hold a bigint or a circle. Such an object would stop the run for ever, however often it is
 * started: so its text is kept in its place.
 */
export function toStorable<Event extends FeedEvent>(
  came: Event | undefined,
  raw: unknown,
): Storable<Event> {
  const event = (): Event | undefined => came && toPlainEvent(came);
  const write = howToWrite(() => [event(), raw]);
  if (write === undefined) return { event: event(), raw };
  const why = write === writeDeep ? "nests too deep to be stored" : "cannot be written as JSON";
  return {
    event: undefined,
    raw: write(raw),
    remark: `it ${why}, so that raw is its JSON as text`,
  };
}

/** Writes a value as JSON, however deep it nests, and whatever in it JSON has no form for. */
export function toText(value: unknown): string {
  const write = howToWrite(() => value) ?? JSON.stringify;
  return write(value) ?? "undefined";
}

/** How to write what `JSON.stringify` cannot; `undefined` for all else. */
function howToWrite(read: () => unknown): ((value: unknown) => string) | undefined {
  try {
    JSON.stringify(read());
    return undefined;
  } catch (error) {
    // What nests too deep is a RangeError in every engine.
    return isErrorNamed(error, "RangeError") ? writeDeep : writeOdd;
  }
}

/** What is left to write: a text as it is, or a value. */
type Todo = { readonly text: string } | { readonly value: unknown };

/** Writes what JSON has no form for: a bigint as its digits, what goes in circles once. */
function writeOdd(root: unknown): string {
  const seen = new WeakSet();
  const toJson = (_: string, value: unknown): unknown => {
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return "[written before]";
    seen.add(value);
    return value;
  };
  try {
    return JSON.stringify(root, toJson) ?? "null";
  } catch {
    return '"[cannot be written]"';
  }
}

/** Writes JSON without calling itself. */
function writeDeep(root: unknown): string {
  const written: string[] = [];
  const todo: Todo[] = [{ value: root }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if ("text" in next) written.push(next.text);
    else if (typeof next.value !== "object" || next.value === null) {
      written.push(JSON.stringify(next.value) ?? "null");
    } else {
      // Not spread: a list may be longer than a call may have arguments.
      for (const part of partsOf(next.value).reverse()) todo.push(part);
    }
  }
  return written.join("");
}

function partsOf(container: object): Todo[] {
  if (Array.isArray(container)) {
    const items = container.flatMap((value: unknown) => [{ text: "," }, { value }]);
    return [{ text: "[" }, ...items.slice(1), { text: "]" }];
  }
  const members = Object.entries(container).flatMap(([name, value]) => [
    { text: `,${JSON.stringify(name)}:` },
    { value },
  ]);
  const [first, ...others] = members;
  if (first === undefined) return [{ text: "{}" }];
  const opening = "text" in first ? first.text.slice(1) : "";
  return [{ text: `{${opening}` }, ...others, { text: "}" }];
}
