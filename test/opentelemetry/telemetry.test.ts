import { setTimeout as wait } from "node:timers/promises";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { FeedEvent } from "../../src/core/event.ts";
import type { Receiver } from "../../src/core/receiver.ts";
import type { Telemetry } from "../../src/core/telemetry.ts";
import { batch } from "../../src/loop/batch.ts";
import { consume, drain } from "../../src/loop/consume.ts";
import { deliveries } from "../../src/loop/deliveries.ts";
import type { Handler } from "../../src/loop/handler.ts";
import { deadLetter, drop, retry } from "../../src/loop/outcome.ts";
import { redrive } from "../../src/loop/redrive.ts";
import { webhook } from "../../src/loop/webhook.ts";
import { openTelemetry } from "../../src/opentelemetry/index.ts";
import { attributes, metrics, SCHEMA_URL } from "../../src/opentelemetry/names.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/memory-feed.ts";
import { filledFeed } from "../loop/support.ts";
import { keepContexts, sdk } from "./support.ts";

let forget = (): void => {};

beforeAll(() => {
  forget = keepContexts();
});

afterAll(() => forget());

/** Takes every body for the id of an event. */
const openDoor: Receiver = {
  name: "memory/hook",
  receive: async (request) => {
    const id = await request.text();
    return { kind: "deliveries", deliveries: [{ event: testEvent(id), raw: id }] };
  },
  accept: () => new Response(null, { status: 204 }),
  defer: () => new Response(null, { status: 503 }),
};

const quick = { minDelayMs: 0, maxDelayMs: 1 };

describe("the names", () => {
  it("are those of the conventions' own package, of the version that is said", () => {
    const known = new Set<unknown>(Object.values(conventions));

    for (const each of [...Object.values(attributes), ...Object.values(metrics)])
      expect(known, each).toContain(each);
    expect(SCHEMA_URL).toMatch(/\/1\.45\.0$/);
  });
});

describe("the spans of a run", () => {
  it("are one for a poll that brought something, and one for each event, linked to it", async () => {
    const { telemetry, spans, end } = sdk();
    const feed = filledFeed(2, { name: "memory/orders" });

    await drain(feed, () => {}, { telemetry });

    const polls = spans("poll");
    const handled = spans("process");
    expect(polls.map(({ name, kind }) => [name, kind])).toEqual([
      ["poll memory/orders", SpanKind.CLIENT],
    ]);
    expect(polls[0]?.attributes).toEqual({
      "messaging.system": "memory",
      "messaging.destination.name": "memory/orders",
      "messaging.operation.name": "poll",
      "messaging.operation.type": "receive",
      "messaging.batch.message_count": 2,
    });
    expect(handled.map(({ kind, status }) => [kind, status.code])).toEqual(
      Array.from({ length: 2 }, () => [SpanKind.CONSUMER, SpanStatusCode.UNSET]),
    );
    expect(handled[0]?.attributes).toEqual({
      "messaging.system": "memory",
      "messaging.destination.name": "memory/orders",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.message.id": "e0",
      "cloudevents.event_type": "test",
      "ackloop.attempt": 1,
      "ackloop.outcome": "done",
    });
    for (const { links } of handled)
      expect(links.map((link) => link.context.spanId)).toEqual([polls[0]?.spanContext().spanId]);
    await end();
  });

  it("hold what the handler starts, over its awaits, also where many are at work", async () => {
    const { telemetry, spans, tracer, end } = sdk();
    const handler = async (event: FeedEvent) => {
      await wait(5);
      tracer.startSpan(`save ${event.id}`).end();
      await Promise.resolve();
      expect(trace.getActiveSpan()).toBeDefined();
    };

    await drain(filledFeed(20), handler, { telemetry, concurrency: 10 });

    const parentOf = new Map(
      spans("save").map(({ name, parentSpanContext }) => [name, parentSpanContext?.spanId]),
    );
    for (const span of spans("process")) {
      const id = String(span.attributes["messaging.message.id"]);
      expect(parentOf.get(`save ${id}`)).toBe(span.spanContext().spanId);
    }
    expect(spans("process")).toHaveLength(20);
    await end();
  });

  it("begin traces of their own in consume, whatever span it was called in", async () => {
    const { telemetry, spans, tracer, end } = sdk();
    const start = tracer.startSpan("start");
    const run = context.with(trace.setSpan(context.active(), start), () =>
      consume(filledFeed(3), () => {}, { telemetry }),
    );
    await expect.poll(() => run.health().open + spans("process").length).toBe(3);
    await run.stop();
    start.end();

    const traces = new Set(spans().map((span) => span.spanContext().traceId));
    expect(spans("process").every((span) => span.parentSpanContext === undefined)).toBe(true);
    expect(traces.size).toBe(spans().length);
    await end();
  });

  it("are inside the span in which a drain was called", async () => {
    const { telemetry, spans, tracer, end } = sdk();
    const cron = tracer.startSpan("cron");
    await context.with(trace.setSpan(context.active(), cron), () =>
      drain(filledFeed(1), () => {}, { telemetry }),
    );

    const parents = [...spans("poll"), ...spans("process")].map(
      (span) => span.parentSpanContext?.spanId,
    );
    expect(parents).toEqual([cron.spanContext().spanId, cron.spanContext().spanId]);
    await end();
  });

  it("say how each attempt ended, and never the text of an error", async () => {
    const { telemetry, spans, points, end } = sdk();
    const { deadLetters } = memoryStores();
    const odd: unknown = "hunter2";
    const answers: Readonly<Record<string, (attempt: number) => unknown>> = {
      e0: () => ({ saved: true }),
      e1: () => drop("not ours"),
      e2: () => deadLetter("no use"),
      e3: (attempt) => (attempt === 1 ? retry() : undefined),
      e4: () => Promise.reject(new TypeError("a secret: hunter2")),
      e5: () => Promise.reject(new AckloopError("rateLimit", "hunter2")),
      e6: () => Promise.reject(odd),
    };
    const handler: Handler = async (event, { attempt }) => answers[event.id]?.(attempt);
    const options = {
      deadLetters,
      consumer: "billing",
      retry: { attempts: 2, ...quick },
      circuitBreaker: false,
    } as const;

    await drain(filledFeed(7), handler, { ...options, telemetry, concurrency: 7 });

    const told = spans("process").map((span) => [
      span.attributes["messaging.message.id"],
      span.attributes["ackloop.attempt"],
      span.attributes["ackloop.outcome"],
      span.attributes["error.type"],
      span.status.code,
    ]);
    const { OK: _, UNSET, ERROR } = SpanStatusCode;
    expect(new Set(told)).toEqual(
      new Set([
        ["e0", 1, "done", undefined, UNSET],
        ["e1", 1, "drop", undefined, UNSET],
        ["e2", 1, "deadLetter", undefined, UNSET],
        ["e3", 1, "retry", undefined, UNSET],
        ["e3", 2, "done", undefined, UNSET],
        ...["e4", "e5", "e6"].flatMap((id, index) => {
          const type = ["TypeError", "rateLimit", "_OTHER"][index];
          return [1, 2].map((attempt) => [id, attempt, "failed", type, ERROR]);
        }),
      ]),
    );
    const all = spans().map(({ attributes: given, events, status }) => [given, events, status]);
    expect(JSON.stringify([all, await points()])).not.toContain("hunter2");
    expect(spans("process")[0]?.attributes["messaging.consumer.group.name"]).toBe("billing");
    await end();
  });

  it("say that a handler took too long, or that the run was stopping", async () => {
    const { telemetry, spans, end } = sdk();
    const late = () => wait(30);
    await drain(filledFeed(1), late, {
      telemetry,
      handlerTimeoutMs: 5,
      retry: { attempts: 1 },
    }).catch(() => {});
    const untilCut = (_: FeedEvent, { signal }: { readonly signal: AbortSignal }) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const run = consume(filledFeed(1), untilCut, { telemetry });
    await wait(20);
    await run.stop({ withinMs: 50 });

    expect(spans("process").map(({ attributes: given }) => given)).toMatchObject([
      { "ackloop.outcome": "timedOut", "error.type": "timeout" },
      { "ackloop.outcome": "unsettled" },
    ]);
    expect(spans("process")[1]?.status.code).toBe(SpanStatusCode.UNSET);
    await end();
  });

  it("are one for a batch, linked to the polls that brought it", async () => {
    const { telemetry, spans, points, end } = sdk();
    const feed = filledFeed(4, { pageSize: 2, acks: "cumulative", pulls: "onward" });
    const handler = batch({ size: 4, maxWaitMs: 1000 }, async () => {
      await wait(1);
      return [undefined, undefined, drop("no"), undefined];
    });

    await drain(feed, handler, { telemetry });

    const [span, ...others] = spans("process");
    expect(others).toEqual([]);
    expect(span?.links.map((link) => link.context.spanId)).toEqual(
      spans("poll").map((poll) => poll.spanContext().spanId),
    );
    expect(span?.links).toHaveLength(2);
    expect(span?.attributes).toMatchObject({ "messaging.batch.message_count": 4 });
    expect(span?.attributes).not.toHaveProperty("messaging.message.id");
    expect((await points())["ackloop.attempts"]?.map(({ value }) => value)).toEqual([3, 1]);
    await end();
  });

  it("are made for deliveries, from the hand-over to the settlement", async () => {
    const { telemetry, spans, end } = sdk();
    for await (const delivery of deliveries(filledFeed(2), { telemetry })) {
      await wait(20);
      if (delivery.event.id === "e0") delivery.ack();
      else {
        delivery.drop("no");
        break;
      }
    }

    expect(spans("process").map(({ attributes: given }) => given["ackloop.outcome"])).toEqual([
      "done",
      "drop",
    ]);
    await end();
  });

  it("are made for a redrive", async () => {
    const { telemetry, spans, end } = sdk();
    const { deadLetters } = memoryStores();
    const feed = filledFeed(1);
    await drain(feed, () => deadLetter("later"), { deadLetters, consumer: "billing" });
    await redrive(deadLetters, feed, () => {}, { consumer: "billing", telemetry });

    expect(spans().map(({ name }) => name)).toEqual(["poll memory", "process memory"]);
    await end();
  });

  it("are inside the span of a webhook's request", async () => {
    const { telemetry, spans, points, tracer, end } = sdk();
    const answer = webhook(openDoor, () => wait(1), { telemetry });
    const request = tracer.startSpan("POST /hook");
    const response = await context.with(trace.setSpan(context.active(), request), () =>
      answer(new Request("http://localhost/", { method: "POST", body: "a" })),
    );

    expect(response.status).toBe(204);
    const [span] = spans("process");
    expect(span?.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect(span?.links).toEqual([]);
    expect(span?.attributes).toMatchObject({ "messaging.message.id": "a" });
    expect((await points())["ackloop.events.settled"]).toMatchObject([{ value: 1 }]);
    await end();
  });
});

describe("the metrics of a run", () => {
  it("count what comes, how it ends, how long it takes, and what is open", async () => {
    const { telemetry, points, end } = sdk({ system: "shop" });
    const feed = memoryFeed({ name: "orders" });
    const time = new Date(Date.now() - 3_600_000).toISOString();
    feed.publish(testEvent("a", { time }), testEvent("b"), testEvent("c"));
    let release = (): void => {};
    const opened = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handler = (event: FeedEvent) => {
      if (event.id === "c") return opened;
      return event.id === "b" ? drop("no") : undefined;
    };
    feed.fail({
      operation: "ack",
      error: new AckloopError("transport", "away", { retryable: true }),
    });
    const run = consume(feed, handler, { telemetry, concurrency: 3 });
    await expect
      .poll(async () => (await points())["messaging.client.operation.duration"]?.length)
      .toBe(2);
    const during = await points();
    release();
    await run.stop();
    const after = await points();

    const base = { "messaging.system": "shop", "messaging.destination.name": "orders" };
    expect(during["messaging.client.consumed.messages"]).toMatchObject([
      { value: 3, attributes: base },
    ]);
    expect(during["ackloop.events.open"]).toEqual([{ value: 1, attributes: base }]);
    expect(during["ackloop.handlers.active"]).toMatchObject([{ value: 1 }]);
    expect(
      after["ackloop.events.settled"]?.map((each) => [
        each.attributes["ackloop.outcome"],
        each.value,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ["handled", 2],
        ["dropped", 1],
      ]),
    );
    expect(after["ackloop.failures"]).toEqual([
      { value: 1, attributes: { ...base, "ackloop.call": "ack", "error.type": "transport" } },
    ]);
    expect(after["messaging.process.duration"]?.map(({ value }) => value)).toEqual([2, 1]);
    expect(after["ackloop.lag"]).toMatchObject([{ value: 1 }]);
    expect(after["ackloop.events.open"]).toEqual([{ value: 0, attributes: base }]);
    expect(after["ackloop.handlers.active"]).toMatchObject([{ value: 0 }]);
    await end();
  });

  it("keep no webhook that holds nothing, as where one is made for each request", async () => {
    const { telemetry, points, end } = sdk();
    let asked = 0;
    const counted: Telemetry = {
      watch: (run) =>
        telemetry.watch({
          ...run,
          countOpen: () => {
            asked += 1;
            return run.countOpen();
          },
        }),
    };
    let release = (): void => {};
    const opened = new Promise<void>((resolve) => {
      release = resolve;
    });
    const answer = (id: string) =>
      webhook(openDoor, (event) => (event.id === "slow" ? opened : undefined), {
        telemetry: counted,
      })(new Request("http://localhost/", { method: "POST", body: id }));

    const slow = answer("slow");
    for (const id of ["a", "b", "c"]) await answer(id);
    const during = (await points())["ackloop.events.open"];
    release();
    await slow;
    const after = (await points())["ackloop.events.open"];

    expect(during).toMatchObject([{ value: 1 }]);
    expect(after).toMatchObject([{ value: 0 }]);
    expect(asked).toBe(1);
    await end();
  });

  it("count polls and calls of stores that fail, and events that were settled before", async () => {
    const { telemetry, points, end } = sdk();
    const feed = memoryFeed({ name: "orders" });
    const { dedupe } = memoryStores();
    const options = {
      telemetry,
      consumer: "billing",
      dedupe: { store: dedupe },
      idle: { minDelayMs: 10 },
      logger: false,
    } as const;
    feed.publish(testEvent("a"));
    await drain(feed, () => {}, options);
    feed.publish(testEvent("a"));
    const away = new AckloopError("transport", "away", { retryable: true });
    feed.fail({ operation: "pull", error: away });
    const { begin } = dedupe;
    let isAway = true;
    dedupe.begin = async (...given) => {
      if (isAway) {
        isAway = false;
        throw away;
      }
      return begin(...given);
    };

    await drain(feed, () => {}, options);
    const after = await points();

    const countOf = (name: string, by: string) =>
      after[name]?.map(({ attributes: each, value }) => [each[by], value]).sort();
    expect(countOf("ackloop.failures", "ackloop.call")).toEqual([
      ["dedupe", 1],
      ["poll", 1],
    ]);
    expect(countOf("ackloop.events.settled", "ackloop.outcome")).toEqual([
      ["duplicate", 1],
      ["handled", 1],
    ]);
    await end();
  });
});

describe("a telemetry that fails", () => {
  const broken = (
    part: "watch" | "polled" | "handling" | "run" | "ended" | "onReport",
  ): Telemetry => {
    const fail = (each: string) => {
      if (each === part) throw new Error("broken");
    };
    return {
      watch: () => {
        fail("watch");
        return {
          onReport: () => fail("onReport"),
          polled: () => fail("polled"),
          handling: () => {
            fail("handling");
            return {
              run: (call) => {
                fail("run");
                call();
                call();
              },
              ended: () => fail("ended"),
            };
          },
        };
      },
    };
  };

  it.each(["watch", "polled", "handling", "run", "ended", "onReport"] as const)(
    "by its %s changes nothing of what a run does",
    async (part) => {
      const seen: string[] = [];
      const handler = (event: FeedEvent) => {
        seen.push(event.id);
        if (event.id === "e1") return drop("no");
      };

      const summary = await drain(filledFeed(2), handler, { telemetry: broken(part) });

      expect(summary).toMatchObject({ handled: 1, dropped: 1, acked: 2 });
      expect(seen).toEqual(["e0", "e1"]);
    },
  );

  it("may reject wherever it was to give something, and ends no process", async () => {
    const rejecting = (): never => Promise.reject(new Error("no exporter")) as never;
    const watch = { onReport: rejecting, polled: rejecting };
    const call = {
      run: (begin: () => void) => {
        begin();
        return rejecting();
      },
      ended: rejecting,
    };
    const all: readonly Telemetry[] = [
      { watch: rejecting },
      { watch: () => ({ ...watch, handling: rejecting }) },
      { watch: () => ({ ...watch, handling: () => call }) },
    ];

    for (const telemetry of all) {
      const summary = await drain(filledFeed(3), () => {}, { telemetry });
      expect(summary).toMatchObject({ handled: 3, acked: 3 });
    }
    // An unhandled rejection would fail the run of the tests.
    await wait(10);
  });

  it("cannot hide what a handler throws", async () => {
    const handler = () => {
      throw new Error("no stock");
    };
    const options = { telemetry: broken("run"), retry: { attempts: 1 } };

    await expect(drain(filledFeed(1), handler, options)).rejects.toThrow("no stock");
  });
});

describe("the option telemetry", () => {
  it("is refused where it is none, and so are options of its own", () => {
    expect(() => consume(memoryFeed(), () => {}, { telemetry: {} } as never)).toThrow(/telemetry/);
    expect(() => openTelemetry({ tracerProvider: {} } as never)).toThrow(/tracerProvider/);
    expect(() => openTelemetry({ system: 7 } as never)).toThrow(/system/);
  });

  it("works without an SDK", async () => {
    const summary = await drain(filledFeed(2), () => {}, { telemetry: openTelemetry() });

    expect(summary).toMatchObject({ handled: 2 });
  });
});
