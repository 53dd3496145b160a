import { AckloopError } from "../core/errors.ts";
import { contentIdentityOf, identityOf, readIdentity } from "../core/identity.ts";
import type {
  DeadLetterStore,
  EventKey,
  Inbox,
  InboxItem,
  Skip,
  StoreKey,
} from "../core/stores.ts";
import { lettersOf } from "./letters.ts";
import { walk } from "./walk.ts";

/** Which event is to be skipped. */
export interface SkipWish extends StoreKey {
  /** The event's id; or `sha256:` and the digest of an item without one, as the run tells it. */
  readonly id: string;
  /** The event's source; left out, it is looked for. */
  readonly source?: string | undefined;
}

/** Where it is looked for which source an id is of. */
export interface Known {
  readonly deadLetters: DeadLetterStore;
  readonly inbox?: Inbox | undefined;
}

/**
 * Says which event a person means.
 *
 * An id says it only together with its source: a run cannot know whether another source has the id too, and
 * would set aside what nobody has named. So a source that is left out is looked for among the letters, the
 * inbox of the feed's name and the skips, and counts where exactly one has the id.
 *
 * @throws {AckloopError} `config` where the id is that of several sources, or of none that is known; the
 * message names those that are.
 */
export async function toSkipKey(known: Known, wish: SkipWish): Promise<EventKey> {
  const { consumer, feed, id, source } = wish;
  if (source !== undefined) return { consumer, feed, identity: identityOf({ source, id }) };
  const [, digest] = /^sha256:([0-9a-f]{64})$/.exec(id) ?? [];
  if (digest !== undefined) return { consumer, feed, identity: contentIdentityOf(digest) };
  const sources = new Set<string>();
  const owners = new Set<string>();
  for await (const event of eventsOf(known, wish)) {
    sources.add(event.source);
    if (event.id === id) owners.add(event.source);
  }
  const [only, ...more] = owners;
  if (only !== undefined && more.length === 0) {
    return { consumer, feed, identity: identityOf({ source: only, id }) };
  }
  if (only !== undefined) {
    const names = [...owners].join(", ");
    throw new AckloopError(
      "config",
      `the id ${id} is that of several sources: ${names}; give the source`,
    );
  }
  const others = sources.size === 0 ? "" : `; others of this feed have ${[...sources].join(", ")}`;
  throw new AckloopError(
    "config",
    `no event ${id} of ${consumer} and ${feed} is known here: give its source, as the halted run ` +
      `has told it${others}`,
  );
}

/** Every event of a consumer and feed that stores know: from letters, the inbox and skips. */
async function* eventsOf({ deadLetters, inbox }: Known, key: StoreKey) {
  for await (const { event } of lettersOf(deadLetters, key)) if (event) yield event;
  for await (const { event } of entriesOf(inbox, key.feed)) if (event) yield event;
  for await (const { identity } of skipsOf(deadLetters, key)) {
    const event = readIdentity(identity);
    if (event) yield event;
  }
}

/** Gives all entries of an inbox; none where there is no inbox, or it lists none. */
async function* entriesOf(
  { entries }: Pick<Inbox, "entries"> = {},
  name: string,
): AsyncGenerator<InboxItem, undefined> {
  if (entries) yield* walk((query) => entries(name, query));
}

/** Gives all skips of a consumer and feed; none where the store keeps none. */
export async function* skipsOf(
  { skips }: Pick<DeadLetterStore, "skips">,
  key: StoreKey,
): AsyncGenerator<Skip, undefined> {
  if (skips) yield* walk((query) => skips(key, query));
}
