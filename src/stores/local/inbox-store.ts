import { isAckloopError } from "../../core/errors.ts";
import type { Inbox, InboxEntry } from "../../core/stores.ts";
import { claimOf, entriesToJson, sameAs } from "../entry.ts";
import type { StoreLimits } from "../options.ts";
import type { Backing, Cell, Payloads } from "./backing.ts";
import * as state from "./inbox-state.ts";

/** The inbox over any backing: an index of all entries of a name, and a text for each entry. */
export function inboxOn(backing: Backing, limits: StoreLimits): Inbox {
  const indexOf = (name: string): Cell<state.InboxState> =>
    backing.cell("inbox", [name], state.inboxCodec);
  const textsOf = (name: string): Payloads => backing.payloads("inbox", [name]);
  return {
    async add(name, entries) {
      await addTo(textsOf(name), entries, (drafts) =>
        indexOf(name).update((index) =>
          state.add(index, drafts, limits.inboxMaxEntries, backing.now()),
        ),
      );
    },
    async claim(name, limit, leaseMs) {
      const held = await indexOf(name).update((index) =>
        state.claim(index, limit, leaseMs, backing.now()),
      );
      const texts = textsOf(name);
      return await Promise.all(
        held.map(async ({ token, attempt, payload }) =>
          claimOf(await texts.read(payload), token, attempt),
        ),
      );
    },
    async finish(name, tokens) {
      const { verdicts, payloads } = await indexOf(name).update((index) =>
        state.finish(index, tokens, limits.inboxRetentionMs, backing.now()),
      );
      await Promise.all(payloads.map((payload) => textsOf(name).remove(payload)));
      return verdicts;
    },
    release: (name, tokens, afterMs) =>
      indexOf(name).update((index) => state.release(index, tokens, afterMs, backing.now())),
    extend: (name, tokens, leaseMs) =>
      indexOf(name).update((index) => state.extend(index, tokens, leaseMs, backing.now())),
  };
}

/** Writes the texts, then the index, which alone says what is in the inbox: all entries or none. */
async function addTo(
  texts: Payloads,
  entries: readonly InboxEntry[],
  addToIndex: (drafts: readonly state.Draft[]) => Promise<readonly string[]>,
): Promise<void> {
  const jsons = entriesToJson(entries);
  if (jsons.length === 0) return;
  const drafts = entries.map((entry) => ({
    key: sameAs(entry),
    payload: crypto.randomUUID() as string,
  }));
  let unused: readonly string[] = drafts.map(({ payload }) => payload);
  try {
    await Promise.all(drafts.map(({ payload }, at) => texts.write(payload, jsons[at] ?? "")));
    unused = await addToIndex(drafts);
  } catch (error) {
    // With an unknown outcome the index may name the texts already.
    if (isAckloopError(error) && error.outcomeUnknown) unused = [];
    throw error;
  } finally {
    await Promise.all(unused.map((payload) => texts.remove(payload)));
  }
}
