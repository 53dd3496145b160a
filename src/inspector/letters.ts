import { AckloopError } from "../core/errors.ts";
import { identityOf } from "../core/identity.ts";
import type { DeadLetter, DeadLetterStore, StoreKey } from "../core/stores.ts";
import { walk } from "./walk.ts";

/** Gives all letters of a consumer and feed, in the order of the first put. */
export function lettersOf(
  store: Pick<DeadLetterStore, "list">,
  key: StoreKey,
): AsyncGenerator<DeadLetter, undefined> {
  return walk(async (query) => {
    const { letters, next } = await store.list(key, query);
    return { items: letters, next };
  });
}

/** Which letter is meant. */
export interface LetterWish {
  /** The event's id, or the identity of its letter. */
  readonly id: string;
  /** The event's source; without it the id alone must say which it is. */
  readonly source?: string | undefined;
}

/**
 * Finds the letter that a person means.
 *
 * @throws {AckloopError} `notFound` where there is none; `config` where the id is that of several sources,
 * which the message names.
 */
export async function findLetter(
  store: Pick<DeadLetterStore, "get" | "list">,
  key: StoreKey,
  { id, source }: LetterWish,
): Promise<DeadLetter> {
  const { consumer, feed } = key;
  const identity = source === undefined ? id : identityOf({ source, id });
  const letter = await store.get({ consumer, feed, identity });
  if (letter !== undefined) return letter;
  // What has no id of its own has a letter under a name of its own.
  const found: DeadLetter[] = [];
  for await (const each of lettersOf(store, key)) {
    const { event } = each;
    const isMeant = event?.id === id && (source === undefined || event.source === source);
    if (isMeant) found.push(each);
  }
  const [only, ...more] = found;
  if (only === undefined) {
    const text = `there is no letter of ${id} among those of ${consumer} and ${feed}`;
    throw new AckloopError("notFound", text);
  }
  if (more.length === 0) return only;
  const sources = new Set(found.map(({ event }) => event?.source));
  const names = found.map((each) => each.identity).join("; ");
  throw new AckloopError(
    "config",
    sources.size > 1
      ? `the id ${id} is that of several sources: ${[...sources].join(", ")}; give the source`
      : `there are several letters of ${id}; name one by its identity: ${names}`,
  );
}
