import { copyPlain } from "../core/plain.ts";
import { maskPaths } from "./mask.ts";

/**
 * What nobody is shown. A name such as `email` masks what any object has under it, at any depth, and in a text that
 * holds JSON; a path such as `event.data.customer.email` masks that one place, with `*` for any one name or position.
 * A path begins with `event`, `raw` or `*`.
 *
 * A function gets a copy of each thing before it is shown (a dead letter, an entry of an inbox, `{ event, text }` of
 * an error of a run, of which the event may be absent) and gives what may be shown of it.
 */
export type Redact = readonly string[] | ((shown: unknown) => unknown);

/** A name, or a path from where a letter, an entry and an error have something. Any other would mask nothing. */
const isPath = (text: unknown): boolean =>
  typeof text === "string" &&
  text !== "" &&
  text.trim() === text &&
  (!text.includes(".") || /^(event|raw|\*)(\.[^.]+)+$/.test(text));

/** Whether it is a list of names and paths, each of which masks something. */
export function isListOfPaths(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isPath);
}

/** What such a list is, for people. */
export const PATHS_WANTED = "names, such as email, and paths that begin with event, raw or *";

/** A thing as it may be shown. */
export interface Redacted<Thing> {
  readonly value: Thing;
  /** Whether something of it was masked, or is another. */
  readonly isMasked: boolean;
}

/** Makes of things what may be shown of them. */
export interface Redactor {
  /**
   * Masks a thing. What stands under `text` or `reason` at its top, for people, and under `raw`, is masked where it
   * holds a text that was masked.
   */
  <Thing extends object>(thing: Thing): Redacted<Thing>;
  /** Whether nothing of a text can be masked without the event that it tells of. */
  readonly needsEvent: boolean;
}

/** Makes a redactor; what is not given masks nothing. */
export function toRedactor(redact: Redact | undefined): Redactor {
  if (redact === undefined) {
    return Object.assign(<Thing>(value: Thing) => ({ value, isMasked: false }), {
      needsEvent: false,
    });
  }
  if (typeof redact === "function") {
    const byFunction = <Thing>(thing: Thing): Redacted<Thing> => {
      // One that gives nothing shows nothing.
      return { value: Object(redact(copyPlain(thing))), isMasked: true };
    };
    return Object.assign(byFunction, { needsEvent: false });
  }
  const paths = redact.map((path) => path.split("."));
  const byPaths = <Thing extends object>(thing: Thing): Redacted<Thing> => maskPaths(thing, paths);
  return Object.assign(byPaths, { needsEvent: redact.length > 0 });
}
