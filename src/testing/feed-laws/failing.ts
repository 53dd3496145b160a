import type { AckloopErrorCode } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import { check, equal, printed, rejection, typedError } from "./asserts.ts";
import type { Bench } from "./bench.ts";
import { idsOf, receiptsOf } from "./bench.ts";
import type { FeedFault } from "./harness.ts";
import { type FeedLaw, Skip } from "./law.ts";

interface Failure {
  readonly fault: FeedFault;
  readonly codes: readonly AckloopErrorCode[];
  readonly retryable?: boolean;
}

/** What each fault of a pull must look like. */
const failures: readonly Failure[] = [
  { fault: { kind: "status", status: 500 }, codes: ["transport"], retryable: true },
  { fault: { kind: "status", status: 503 }, codes: ["transport"], retryable: true },
  { fault: { kind: "status", status: 429, retryAfter: 7 }, codes: ["rateLimit"], retryable: true },
  { fault: { kind: "status", status: 403 }, codes: ["auth"], retryable: false },
  { fault: { kind: "status", status: 422 }, codes: ["request"], retryable: false },
  { fault: { kind: "cut" }, codes: ["transport"], retryable: true },
  { fault: { kind: "html" }, codes: ["transport"], retryable: true },
  { fault: { kind: "truncate" }, codes: ["transport", "schema"] },
  { fault: { kind: "garbage" }, codes: ["schema", "transport"] },
];

/** A pull that takes long: the provider is slow, or the feed waits. */
function slowPull({ feed, harness, patienceMs }: Bench, signal: AbortSignal): Promise<unknown> {
  if (harness.failPull) {
    harness.failPull({ kind: "delay", ms: 3 * patienceMs, count: 1 });
    return feed.pull({ signal });
  }
  if (feed.waits) return feed.pull({ waitMs: 3 * patienceMs, signal });
  throw new Skip("notTestable", "no pull can be made to take long");
}

/** Every error that pulls and acks of a harness can be brought to. */
async function gatherErrors({
  feed,
  harness,
  publish,
  pullSome,
}: Bench): Promise<readonly unknown[]> {
  await publish(2);
  const receipts = receiptsOf(await pullSome(feed));
  const errors: unknown[] = [];
  for (const { fault } of [...failures, { fault: { kind: "status", status: 401 } as const }]) {
    harness.failPull?.(fault);
    errors.push(await feed.pull().catch((error: unknown) => error));
    harness.heal?.();
    if (harness.failAck === undefined) continue;
    harness.failAck(fault);
    errors.push(await feed.ack(receipts.slice(-1)).catch((error: unknown) => error));
    harness.heal?.();
  }
  return errors;
}

/** What failures and aborts look like: conformance.md parts A7, H1, H2 and I. */
export const failingLaws: readonly FeedLaw[] = [
  {
    id: "A7",
    title: "no secret shows in an event or an error",
    needs: ["secrets"],
    async run(bench) {
      const { feed, harness, publish, pullSome } = bench;
      await publish(1);
      const shown = printed([feed.name, await pullSome(feed), await gatherErrors(bench)]);
      const secrets = harness.secrets?.() ?? [];
      if (secrets.length === 0) throw new Skip("notTestable", "nothing secret was sent");
      const seen = secrets.filter((secret) => shown.includes(secret));
      equal(seen.length, 0, "how many of the secrets can be read");
    },
  },
  {
    id: "H1",
    title: "a call whose signal has fired rejects with its reason and sends nothing",
    async run({ feed, harness, publish, pullSome }) {
      const ids = await publish(1);
      const sent = harness.requests?.().sent;
      const reason = new Error("the caller has left");
      const signal = AbortSignal.abort(reason);
      const error = await rejection(feed.pull({ signal }), "an aborted pull");
      check(error === reason, "it rejects with the signal's reason, as it is");
      equal(harness.requests?.().sent, sent, "no request was made");
      equal(idsOf(await pullSome(feed)), ids, "and no event is lost");
    },
  },
  {
    id: "H1b",
    title: "an ack whose signal has fired rejects with its reason and acknowledges nothing",
    async run({ feed, publish, acked, pullSome }) {
      await publish(1);
      const receipts = receiptsOf(await pullSome(feed)).slice(-1);
      const reason = new Error("the caller has left");
      const signal = AbortSignal.abort(reason);
      const error = await rejection(feed.ack(receipts, { signal }), "an aborted ack");
      check(error === reason, "it rejects with the signal's reason");
      equal(await acked(), [], "nothing is acknowledged");
    },
  },
  {
    id: "H2",
    title: "a pull that is aborted in the middle rejects soon, with the signal's reason",
    async run(bench) {
      const { patienceMs } = bench;
      const controller = new AbortController();
      const reason = new Error("the caller has left");
      const pulling = rejection(slowPull(bench, controller.signal), "an aborted pull");
      await sleep(30);
      const began = performance.now();
      controller.abort(reason);
      const error = await pulling;
      check(performance.now() - began < patienceMs, "it ends soon");
      check(error === reason, "it rejects with the signal's reason, as it is");
    },
  },
  {
    id: "H2b",
    title: "an aborted pull cuts its request, and loses no event",
    needs: ["requests"],
    async run(bench) {
      const { harness, publish, reopen, few, until, patienceMs, readOpen } = bench;
      const controller = new AbortController();
      const pulling = slowPull(bench, controller.signal).catch(() => {});
      await until(() => (harness.requests?.().open ?? 0) > 0, "the request goes out");
      controller.abort(new Error("the caller has left"));
      await Promise.race([pulling, sleep(patienceMs)]);
      await sleep(20);
      equal(harness.requests?.().open, 0, "how many requests are still open");
      harness.heal?.();
      const ids = await publish(few);
      equal(idsOf(await readOpen(await reopen(), few)), ids, "what was published later comes");
    },
  },
  {
    id: "E11b",
    title: "a pull that lost its answer loses no event",
    needs: ["failPull"],
    async run({ feed, harness, publish, acked, reopen, few, readOpen }) {
      const ids = await publish(few);
      harness.failPull?.({ kind: "lostReply", count: 1 });
      await typedError(feed.pull(), "a lost answer", ["transport"]);
      equal(await acked(), [], "nothing is acknowledged by it");
      equal(idsOf(await readOpen(await reopen(), few)), ids, "the events come again");
    },
  },
  {
    id: "I1",
    title: "each failure of a pull is a typed error that says whether to try again",
    needs: ["failPull", "heal"],
    async run({ feed, harness, publish, reopen, pullSome }) {
      const ids = await publish(1);
      for (const { fault, codes, retryable } of failures) {
        const what = `a pull answered with ${fault.kind} ${fault.status ?? ""}`;
        harness.failPull?.(fault);
        const error = await typedError(feed.pull(), what, codes);
        harness.heal?.();
        if (retryable !== undefined) equal(error.retryable, retryable, `${what}: retryable`);
        if (fault.status) equal(error.status, fault.status, `${what}: status`);
        if (!fault.retryAfter) continue;
        equal(error.retryAfterMs, fault.retryAfter * 1_000, `${what}: retryAfterMs`);
      }
      equal(idsOf(await pullSome(await reopen())), ids, "when it is over the event is there");
    },
  },
];
