import type { Msg } from "@nats-io/transport-node";
import { reasonOf } from "../core/abort.ts";
import { partsOf } from "./entry.ts";
import type { Known, Workers } from "./workers.ts";

/** A message, and what is known of its consumer. */
export interface Brought {
  readonly message: Msg;
  readonly known: Known;
  readonly workers: Workers;
}

interface Pulling {
  readonly limit: number;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** How long the others are waited for once one has come, in ms: what is there comes with it. */
const GATHER_MS = 2;

/**
 * How long the first requests may wait, in ms; the next ones twice as long. The server keeps a request that was taken
 * back until its time is over, and what falls due meanwhile may go to nobody: so none is long while much comes.
 */
const FIRST_WAIT_MS = 100;

/**
 * Brings of each partition the one message that is free, as soon as there is any, in the stream's order. Those
 * beyond the limit are given back.
 */
export async function pullFirsts(
  partitions: readonly Workers[],
  { limit, waitMs, signal }: Pulling,
): Promise<readonly Brought[]> {
  const endsAt = performance.now() + waitMs;
  for (let mostMs = FIRST_WAIT_MS; ; mostMs *= 2) {
    const leftMs = Math.max(0, endsAt - performance.now());
    const brought = await askAll(partitions, limit, Math.min(leftMs, mostMs), signal);
    if (signal?.aborted) {
      giveBack(brought);
      throw reasonOf(signal);
    }
    brought.sort((left, right) => sequenceOf(left.message) - sequenceOf(right.message));
    giveBack(brought.splice(limit));
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
      brought.push(...messages.map((message) => ({ message, known, workers })));
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

function giveBack(brought: readonly Brought[]): void {
  for (const { message, workers } of brought) workers.giveBack([message]);
}

/** Where it stands in the stream; a message's order, whichever its consumer. */
function sequenceOf({ reply = "" }: Msg): number {
  return partsOf(reply)?.sequence ?? 0;
}
