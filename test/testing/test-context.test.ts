import { describe, expect, it } from "vitest";
import { done, drain, type HandlerContext, retry } from "../../src/index.ts";
import { memoryFeed, testContext, testEvent } from "../../src/testing/index.ts";

/** A handler as a user would write it, with every part of its context. */
async function onOrder(event: { readonly id: string }, context: HandlerContext) {
  if (context.signal.aborted) return retry();
  context.logger.info("at work", { id: event.id, attempt: context.attempt });
  const isOurs = await context.finish("transaction");
  return isOurs && context.delivery.event.id === event.id ? done() : retry();
}

describe("the context of a test", () => {
  const event = testEvent("1", { type: "order" });

  it("is whole with nothing said", async () => {
    expect(await onOrder(event, testContext(event))).toStrictEqual(done());
    expect(testContext(event)).toMatchObject({ attempt: 1, delivery: { event, raw: event } });
  });

  it("has the facts that are given", async () => {
    const lines: unknown[] = [];
    const logger = { ...testContext(event).logger, info: (...line: unknown[]) => lines.push(line) };
    const asked: unknown[] = [];
    const finish = async (transaction: unknown) => asked.push(transaction) === 0;

    const given = testContext(event, { logger, finish, attempt: 3, raw: { wire: true } });
    expect(await onOrder(event, given)).toStrictEqual(retry());
    expect(given.delivery.raw).toStrictEqual({ wire: true });
    expect(lines).toStrictEqual([["at work", { id: "1", attempt: 3 }]]);
    expect(asked).toStrictEqual(["transaction"]);
  });

  it("keeps in a spread what the loop's own keeps: all but the signal", async () => {
    const feed = memoryFeed();
    feed.publish(event);
    let inLoop: object = {};
    await drain(feed, (_, context) => {
      inLoop = { ...context };
    });
    const inTest = { ...testContext(event) };

    expect(Object.keys(inTest).sort()).toStrictEqual(Object.keys(inLoop).sort());
    expect(Object.keys(inLoop).sort()).toStrictEqual(["attempt", "delivery", "finish", "logger"]);
  });

  it("may be one whose time is over", async () => {
    const over = testContext(event, { signal: AbortSignal.abort() });

    expect(await onOrder(event, over)).toStrictEqual(retry());
  });
});
