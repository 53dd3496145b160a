import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { reasonOf } from "../core/abort.ts";
import { giveBack, partsOf } from "./entry.ts";
import type { Known, Workers } from "./workers.ts";

/** A message, and what is known of its consumer. */
export interface Brought {
  readonly message: Msg;
  readonly known: Known;
}

interface Pulling {
  readonly limit: number;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** How long the others are waited for once one has come, in ms: what is there comes with it. */
const GATHER_MS = 2;

/**
 * Brings of each partition the one message that is free, as soon as there is any, in the stream's order. Those
 * beyond the limit are given back.
 */
export async function pullFirsts(
  connection: NatsConnection,
  partitions: readonly Workers[],
  { limit, waitMs, signal }: Pulling,
): Promise<readonly Brought[]> {
  const endsAt = performance.now() + waitMs;
  for (;;) {
    const leftMs = Math.max(0, endsAt - performance.now());
    const brought = await askAll(partitions, limit, leftMs, signal);
    if (signal?.aborted) {
      giveBack(
        connection,
        brought.map(({ message }) => message),
      );
      throw reasonOf(signal);
    }
    brought.sort((left, right) => sequenceOf(left.message) - sequenceOf(right.message));
    giveBack(
      connection,
      brought.splice(limit).map(({ message }) => message),
    );
    if (brought.length > 0 || endsAt <= performance.now()) return brought;
  }
}

/** Asks all of them at once, and stops when enough have come or one has failed. */
async function askAll(
  partitions: readonly Workers[],
  limit: number,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<Brought[]> {
  const stop = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const brought: Brought[] = [];
  let failure: { readonly thrown: unknown } | undefined;
  const one = async (workers: Workers): Promise<void> => {
    try {
      const known = await workers.known("pull", { signal });
      const messages = await workers.pullOne(known, waitMs, { signal, stop: stop.signal });
      brought.push(...messages.map((message) => ({ message, known })));
      if (messages.length === 0) return;
      if (brought.length >= limit) stop.abort();
      else timer ??= setTimeout(() => stop.abort(), GATHER_MS);
    } catch (thrown) {
      failure ??= { thrown };
      stop.abort();
    }
  };
  await Promise.all(partitions.map(one));
  clearTimeout(timer);
  if (failure !== undefined && brought.length === 0) throw failure.thrown;
  return brought;
}

/** Where it stands in the stream; a message's order, whichever its consumer. */
function sequenceOf({ reply = "" }: Msg): number {
  return partsOf(reply)?.sequence ?? 0;
}
