import { expect, it } from "vitest";
import type { Report } from "../../src/core/report.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import { redrive } from "../../src/loop/redrive.ts";
import type { Run } from "../../src/loop/run.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";

async function lettersOf(count: number) {
  const { deadLetters } = memoryStores();
  for (let at = 0; at < count; at += 1) {
    const event = testEvent(`e${at}`);
    await deadLetters.put({
      consumer: "c",
      feed: "f",
      identity: `/memory e${at}`,
      event,
      raw: event,
      reason: "bad",
      attempts: 5,
      failedAt: new Date().toISOString(),
    });
  }
  return deadLetters;
}

// Promise (redrive.ts: "each once ... `retry.attempts` is 1 here ... unless they are given"; core/options.ts: `undefined`
// counts as left out).
it("sends each letter once where `retry.attempts` is given as undefined", async () => {
  const deadLetters = await lettersOf(1);
  let starts = 0;
  await redrive(
    deadLetters,
    "f",
    () => {
      starts += 1;
      throw new Error("bad");
    },
    { consumer: "c", retry: { attempts: undefined, minDelayMs: 1 } },
  );

  expect(starts).toBe(1);
});

it("has no circuit breaker where `circuitBreaker` is given as undefined", async () => {
  const deadLetters = await lettersOf(4);
  const summary = await Promise.race([
    redrive(
      deadLetters,
      "f",
      () => {
        throw new Error("bad");
      },
      { consumer: "c", circuitBreaker: undefined },
    ),
    new Promise<undefined>((resolve) => setTimeout(resolve, 3000, undefined)),
  ]);

  expect(summary?.deadLettered).toBe(4);
});

// Kind: an option that is accepted and does nothing (`waitMs` of a drain; nothing says so).
it("lets a drain's provider hold the pull for `waitMs`, or refuses the option", async () => {
  const feed = memoryFeed({ pulls: "onward", waits: true });
  const refused = await drain(feed, () => {}, { waitMs: 300 }).then(
    () => false,
    () => true,
  );
  const waits = feed.calls.map(({ options }) => options?.waitMs);

  expect(refused || waits.includes(300), JSON.stringify(waits)).toBe(true);
});

// Kind C/users' functions: the first report comes before `consume` has returned, so that a listener that knows its run
// throws for good, and (with the default logger) in silence.
it("goes on reporting to a listener that looks at its run", async () => {
  const feed = memoryFeed();
  feed.publish(testEvent("a"));
  const kinds: string[] = [];
  const onReport = (report: Report): void => {
    if (run.health().healthy) kinds.push(report.kind);
  };
  const run: Run = consume(feed, () => {}, { onReport });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await run.stop();

  expect(kinds).toContain("handled");
});
