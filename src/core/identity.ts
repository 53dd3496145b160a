import type { FeedEvent } from "./event.ts";

/**
 * Says what the same event is: equal `source` and `id`, and nothing else.
 *
 * The text is readable, the source and then the id, and two events have the same one only if they are
 * the same. The loop's window, marks, dead letters, webhooks and inboxes all go by it.
 *
 * @example
 * ```ts
 * import { identityOf } from "ackloop";
 *
 * const key = { consumer: "billing", feed: feed.name, identity: identityOf(event) };
 * const letter = await stores.deadLetters.get(key);
 * ```
 */
export function identityOf({ source, id }: Pick<FeedEvent, "source" | "id">): string {
  return `${escapeSource(source)} ${id}`;
}

/**
 * The identity of a delivery that has no id of its own: a text in a space of its own, which no event's
 * identity ever is in.
 *
 * @param content The content, or its digest.
 * @param among Tells it from others with the same content.
 */
export function namelessIdentity(content: string, among: number | string): string {
  return `${NAMELESS}${among} ${content}`;
}

/**
 * The identity by which an item without an id is skipped: made of the SHA-256 of its content, in hex, as
 * a run tells it where it halts (`sha256:` and 64 digits).
 *
 * @example
 * ```ts
 * import { contentIdentityOf } from "ackloop";
 *
 * const identity = contentIdentityOf("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
 * await stores.deadLetters.skip?.({ consumer: "billing", feed: feed.name, identity });
 * ```
 */
export function contentIdentityOf(digest: string): string {
  return namelessIdentity(digest, "sha256");
}

/** Whether an identity was made by {@link namelessIdentity}. */
export function isNameless(identity: string): boolean {
  return identity.startsWith(NAMELESS);
}

/** What makes an event the same one. */
export type Identified = Pick<FeedEvent, "source" | "id">;

/** Whether an event's id says which it is: one that is empty, or made from the content, says nothing. */
export function hasOwnId({ event, idDerived }: MaybeIdentified): boolean {
  return event !== undefined && event.id !== "" && !idDerived;
}

interface MaybeIdentified {
  readonly event?: Identified | undefined;
  readonly idDerived?: boolean | undefined;
}

/** Reads what {@link identityOf} made; `undefined` for the identity of what has no id of its own. */
export function readIdentity(identity: string): Identified | undefined {
  const at = identity.indexOf(" ");
  if (at === -1 || isNameless(identity)) return undefined;
  const source = identity.slice(0, at).replaceAll("%20", " ").replaceAll("%25", "%");
  return { source, id: identity.slice(at + 1) };
}

/** A map by {@link identityOf}, without making the text for each event. */
export class EventMap<Value> {
  readonly #bySource = new Map<string, Map<string, Value>>();
  /** The source that was asked for last: most events of a page have the same. */
  #source: string | undefined;
  #ids: Map<string, Value> | undefined;

  /** Gives what was set for an event that is the same. */
  get({ source, id }: Identified): Value | undefined {
    return this.#of(source)?.get(id);
  }

  /** Sets or replaces the value of an event. */
  set({ source, id }: Identified, value: Value): void {
    const ids = this.#of(source);
    if (ids) ids.set(id, value);
    else {
      this.#ids = new Map([[id, value]]);
      this.#bySource.set(source, this.#ids);
    }
  }

  /** Every value, those of one source in the order they were set. */
  *values(): Generator<Value> {
    for (const byId of this.#bySource.values()) yield* byId.values();
  }

  /** Forgets an event; true when it was there. */
  delete({ source, id }: Identified): boolean {
    const ids = this.#of(source);
    if (ids === undefined || !ids.delete(id)) return false;
    // Sources may come and go without end.
    if (ids.size === 0) {
      this.#bySource.delete(source);
      this.#source = undefined;
    }
    return true;
  }

  #of(source: string): Map<string, Value> | undefined {
    if (source !== this.#source) {
      this.#source = source;
      this.#ids = this.#bySource.get(source);
    }
    return this.#ids;
  }
}

/** No source begins so: a percent sign of its own is written as `%25`. */
const NAMELESS = "%nameless ";

/** A source is a URI reference and holds no space; one that does must not be taken for another. */
function escapeSource(source: string): string {
  if (!source.includes(" ") && !source.includes("%")) return source;
  return source.replaceAll("%", "%25").replaceAll(" ", "%20");
}
