import { describe, expect, it, vi } from "vitest";
import type { FeedEvent } from "../../../src/core/event.ts";
import type { Feed } from "../../../src/core/feed.ts";
import type { StandardSchemaV1 } from "../../../src/core/standard-schema.ts";
import { batch } from "../../../src/loop/batch.ts";
import { drain } from "../../../src/loop/consume.ts";
import { describeIssues, tellOfStrangers, toRoutes } from "../../../src/loop/engine/route.ts";
import type { Handlers } from "../../../src/loop/handler.ts";
import { webhook } from "../../../src/loop/webhook.ts";
import { memoryFeed } from "../../../src/testing/memory-feed.ts";
import { toSettings } from "../support.ts";

const schema: StandardSchemaV1 = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};
const catalogue = { ORDER: schema };
const handle = () => {};

/** What a JavaScript caller may give. */
const asHandlers = (handlers: unknown) => handlers as Handlers<FeedEvent>;

describe("routes", () => {
  it("lead every type to a function where the feed knows no types", () => {
    const routes = toRoutes("consume", handle, undefined);

    expect(routes.find("ANY")).toEqual({ handler: handle, schema: undefined });
    expect(routes.batch).toBeUndefined();
  });

  it("lead the types of the catalogue to a function, and no others", () => {
    const routes = toRoutes("consume", handle, catalogue);

    expect(routes.find("ORDER")).toEqual({ handler: handle, schema });
    expect(routes.find("REFUND")).toBe("the type REFUND is not in the feed's catalogue");
  });

  it("lead a type to its own handler with its schema", () => {
    const routes = toRoutes("consume", asHandlers({ ORDER: handle }), catalogue);

    expect(routes.find("ORDER")).toEqual({ handler: handle, schema });
    expect(routes.find("REFUND")).toBe("no handler for the type REFUND, and no `other`");
  });

  it("lead what has no handler of its own to `other`, with data of any shape", () => {
    const other = () => {};
    const handlers = asHandlers({ REFUND: handle, GONE: undefined, other });
    const routes = toRoutes("consume", handlers, catalogue);

    expect(routes.find("ORDER")).toEqual({ handler: other, schema: undefined });
    expect(routes.find("GONE")).toEqual({ handler: other, schema: undefined });
    expect(routes.find("REFUND")).toEqual({ handler: handle, schema: undefined });
  });

  it("are not misled by names that every object has", () => {
    const routes = toRoutes("consume", asHandlers({ ORDER: handle }), catalogue);

    for (const type of ["constructor", "toString", "__proto__"]) {
      expect(routes.find(type)).toBe(`no handler for the type ${type}, and no \`other\``);
    }
    expect(typeof toRoutes("consume", handle, catalogue).find("constructor")).toBe("string");
  });

  it("lead to a batch handler", () => {
    const handler = batch({ size: 2 }, handle);
    const routes = toRoutes("consume", handler, catalogue);

    expect(routes.batch).toMatchObject({ size: 2, maxWaitMs: 100 });
    expect(routes.find("ORDER")).toEqual({ handler: undefined, schema });
    expect(typeof routes.find("REFUND")).toBe("string");
  });

  it.each([
    [undefined, "consume: the handlers must be a function, a map from event type to function"],
    [null, "consume: the handlers must be a function, a map from event type to function"],
    ["ORDER", "consume: the handlers must be a function, a map from event type to function"],
    [{}, "consume: the map of handlers is empty"],
    [{ ORDER: undefined }, "consume: the map of handlers is empty"],
    [{ ORDER: "handle" }, "consume: the handler of `ORDER` must be a function"],
    [[handle], "consume: the handlers must be a function, a map from event type to function"],
    [new Map([["ORDER", handle]]), "map from event type to function (a plain object)"],
    [Promise.resolve({ ORDER: handle }), "map from event type to function (a plain object)"],
    [new Orders(), "consume: the handler of `ORDER` must be a member of the object itself"],
    [new Rest(), "consume: the handler of `other` must be a member of the object itself"],
    [{ handleBatch: () => {}, size: 2 }, "consume: the handler of `size` must be a function"],
  ])("refuse %o", (handlers, message) => {
    expect(() => toRoutes("consume", asHandlers(handlers), catalogue)).toThrow(message);
  });
});

/** Handlers as methods: a map passes over them. */
class Orders {
  ORDER(): void {}
}
class Rest {
  readonly ORDER = handle;
  other(): void {}
}

describe("handlers of a type that the catalogue does not have", () => {
  const kekkerTypes = { DealCreated: schema, DealUpdated: schema, other: schema };

  it.each([
    [
      "a word of another page",
      { DealsCreated: handle },
      "`DealsCreated`",
      "did you mean `DealCreated`?",
    ],
    ["another case", { dealupdated: handle }, "`dealupdated`", "did you mean `DealUpdated`?"],
    ["what is new", { Refunded: handle }, "`Refunded`", "does not have"],
  ])("are told once, with the nearest name: %s", (_, handlers, name, advice) => {
    const warn = vi.fn();
    const feed = { events: kekkerTypes };

    tellOfStrangers(feed, handlers, { ...toSettings().logger, warn });

    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain(name);
    expect(warn.mock.calls[0]?.[0].endsWith(advice)).toBe(true);
  });

  it.each([
    ["known types and `other`", { DealCreated: handle, other: handle }, kekkerTypes],
    ["no catalogue", { anything: handle }, undefined],
    ["one function", handle, kekkerTypes],
    ["a batch", batch({ size: 2 }, handle), kekkerTypes],
  ])("are not told where there are none: %s", (_, handlers, events) => {
    const warn = vi.fn();

    tellOfStrangers({ events }, handlers, { ...toSettings().logger, warn });

    expect(warn).not.toHaveBeenCalled();
  });

  it("are told by the verbs", async () => {
    const warn = vi.fn();
    const logger = { ...toSettings().logger, warn };
    const feed = { ...memoryFeed(), events: { ORDER: schema } } as unknown as Feed;
    const receiver = { name: "in", receive: () => {}, events: { ORDER: schema } } as never;

    await drain(feed, { ORDR: handle } as never, { logger });
    webhook(receiver, { ORDR: handle } as never, { logger });

    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringContaining("did you mean `ORDER`?"),
      expect.stringContaining("did you mean `ORDER`?"),
    ]);
  });
});

describe("what does not fit its schema", () => {
  const hush = "5 is hush";

  it.each([
    [{ path: ["order", "code"], expected: "text" }, "data.order.code of ORDER", "expected text"],
    [{ path: [{ key: "items" }, 3], expected: "text" }, "data.items[3] of ORDER", "expected text"],
    [{ code: "custom" }, "data of ORDER", "does not fit (custom)"],
  ])("is told by its path and what is expected, never by its value", (issue, where, what) => {
    const told = describeIssues("ORDER", [{ message: hush, ...issue }]);

    expect(told).toBe(`${where} does not fit its schema: ${what}`);
  });

  it.each(["union", "intersection"])(
    "is not told by what arktype puts together of messages: %s",
    (code) => {
      const issue = { message: hush, expected: `must be "a" or "b" (was "${hush}")`, code };

      expect(describeIssues("ORDER", [issue])).not.toContain(hush);
    },
  );

  it("is told without a path when the schema names none", () => {
    expect(describeIssues("ORDER", [])).toBe("data of ORDER does not fit its schema: does not fit");
  });
});
