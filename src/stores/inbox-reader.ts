import type { AckReport, AckVerdict, CallOptions } from "../core/feed.ts";
import { toFailure } from "../core/guard.ts";
import { partitionName } from "../core/partition.ts";
import { sleep } from "../core/sleep.ts";
import type { Inbox, InboxClaim, InboxWaitOptions } from "../core/stores.ts";
import { storeError } from "./error.ts";

/** How a feed reads one inbox, or several that are partitions of one. Its tokens are the receipts. */
export interface Reader {
  /** Whether one transaction for many acks holds nothing back. */
  readonly groupsAcks: boolean;
  claim(limit: number, leaseMs: number): Promise<readonly InboxClaim[]>;
  /** False: nothing has come in the time. */
  wait(waitMs: number, options: InboxWaitOptions): Promise<boolean>;
  finish(tokens: readonly string[], call?: CallOptions): Promise<AckReport>;
  release(tokens: readonly string[], afterMs: number, call?: CallOptions): Promise<void>;
  extend(tokens: readonly string[], leaseMs: number, call?: CallOptions): Promise<void>;
}

/** Reads one inbox, whose entries any number of workers handle at a time. */
export function wholeReader(inbox: Inbox, name: string): Reader {
  return {
    groupsAcks: true,
    claim: (limit, leaseMs) => inbox.claim(name, limit, leaseMs),
    wait: waiterAt(inbox, [name], false),
    async finish(tokens, call) {
      return (await inbox.finish(name, tokens, call)).map(toVerdict);
    },
    release: (tokens, afterMs, call) => inbox.release(name, tokens, afterMs, call),
    extend: (tokens, leaseMs, call) => inbox.extend(name, tokens, leaseMs, call),
  };
}

/** An inbox that can claim the first entry of each of several. */
export type PartitionedInbox = Inbox & Required<Pick<Inbox, "claimFirst" | "partitions">>;

/** Reads the partitions of an inbox: of each the first entry, while no other is held. */
export function partitionReader(inbox: PartitionedInbox, name: string, partitions: number): Reader {
  const names = Array.from({ length: partitions }, (_, at) => partitionName(name, at, partitions));
  const indices = new Map(names.map((each, at) => [each, at]));
  const each = async (
    tokens: readonly string[],
    settle: (name: string, tokens: readonly string[]) => Promise<unknown>,
  ): Promise<void> => {
    const told = [...byPartition(tokens, names)].map(([from, own]) =>
      settle(
        from,
        own.map(({ token }) => token),
      ),
    );
    // Every one is told, and then the first failure.
    const failed = (await Promise.allSettled(told)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  };
  return {
    // The next event of a partition waits for the ack.
    groupsAcks: false,
    async claim(limit, leaseMs) {
      const began = performance.now();
      const claims = await inbox.claimFirst(names, limit, leaseMs);
      const known = claims.map(({ name: from, ...claim }) => {
        return { ...claim, token: `${indices.get(from)} ${claim.token}` } as InboxClaim;
      });
      if (known.length === 0 || performance.now() - began < leaseMs) return known;
      // They may be another's by now, who has gone on: what is theirs is left alone, and the rest is free.
      const tokens = known.map(({ token }) => token);
      await each(tokens, (from, own) => inbox.release(from, own, 0));
      // Not as an empty page: a drain would take it for the end.
      const text = "the answer came when the lease of what it brought was over; it comes again";
      throw storeError("timeout", "claim", text);
    },
    wait: waiterAt(inbox, names, true),
    async finish(tokens, call) {
      const report: AckVerdict[] = tokens.map(() => ({ status: "gone" }));
      const failures: unknown[] = [];
      const given = byPartition(tokens, names);
      await Promise.all(
        [...given].map(async ([from, own]) => {
          try {
            const all = own.map(({ token }) => token);
            const verdicts = await inbox.finish(from, all, call);
            for (const [at, { index }] of own.entries()) report[index] = toVerdict(verdicts[at]);
          } catch (thrown) {
            failures.push(thrown);
            const error = toFailure(thrown, { what: "ack", whom: "stores" });
            for (const { index } of own) report[index] = { status: "failed", error };
          }
        }),
      );
      if (failures.length > 0 && failures.length === given.size) throw failures[0];
      return report;
    },
    release: (tokens, afterMs, call) =>
      each(tokens, (from, own) => inbox.release(from, own, afterMs, call)),
    extend: (tokens, leaseMs, call) =>
      each(tokens, (from, own) => inbox.extend(from, own, leaseMs, call)),
  };
}

function waiterAt(inbox: Inbox, names: readonly string[], first: boolean): Reader["wait"] {
  return async (waitMs, options) => {
    if (inbox.wait) return await inbox.wait(names, waitMs, { ...options, first });
    await sleep(Math.min(options.pollMs ?? 1000, waitMs), options.signal);
    return true;
  };
}

function toVerdict(isOurs: boolean | undefined): AckVerdict {
  return { status: isOurs ? "acked" : "gone" };
}

type Given = { readonly index: number; readonly token: string };

/** The tokens of each partition; what is no token of a partition is of none. */
function byPartition(
  tokens: readonly string[],
  names: readonly string[],
): ReadonlyMap<string, readonly Given[]> {
  const all = new Map<string, Given[]>();
  for (const [index, text] of tokens.entries()) {
    const [, at, token = ""] = /^(\d{1,3}) (.+)$/s.exec(text) ?? [];
    const name = names[Number(at)];
    if (name !== undefined) all.set(name, [...(all.get(name) ?? []), { index, token }]);
  }
  return all;
}
