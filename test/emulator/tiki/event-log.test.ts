import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEventLog } from "../../../src/emulator/tiki/event-log.ts";

/** A step of a random history. */
type Step =
  | { readonly do: "append"; readonly count: number }
  | { readonly do: "pull"; readonly limit: number; readonly duplicate: boolean }
  | { readonly do: "ack"; readonly pick: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 300 }) }),
  fc.record({
    do: fc.constant("pull" as const),
    limit: fc.integer({ min: 1, max: 100 }),
    duplicate: fc.boolean(),
  }),
  fc.record({ do: fc.constant("ack" as const), pick: fc.nat() }),
);

/** What the documents say, in the plainest form: all events ever, and a place that only grows. */
function createModel() {
  const model = { events: 0, place: 0 };
  const given: { readonly ackId: string; readonly end: number }[] = [];
  return { model, given };
}

function newLog() {
  let last = 0;
  return createEventLog(() => {
    last += 1;
    return `ack-${last}`;
  });
}

const numbersOf = (events: readonly { readonly wire: unknown }[]) =>
  events.map(({ wire }) => Number(wire));

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(to - from, 0) }, (_, index) => from + index);

/** The steps, each run on the log and the model, which it compares. */
function createSteps(log: ReturnType<typeof newLog>) {
  const { model, given } = createModel();
  const steps = {
    append(count: number): void {
      for (let index = 0; index < count; index += 1) {
        log.append({ wire: model.events, eventId: undefined, at: 0 });
        model.events += 1;
      }
    },
    pull(limit: number, duplicate: boolean): void {
      const { events, end } = log.page(limit, duplicate);
      const numbers = [...new Set(numbersOf(events))];
      const from = duplicate ? (numbers[0] ?? model.place) : model.place;
      expect(from).toBeLessThanOrEqual(model.place);
      expect(numbers).toEqual(range(from, end));
      expect(events.length).toBeLessThanOrEqual(limit);
      if (!duplicate) expect(end).toBe(Math.min(model.place + limit, model.events));
      given.push({ ackId: log.toAckId(end), end });
    },
    ack(pick: number): void {
      const { ackId, end } = given[pick % given.length] ?? { ackId: "none", end: -1 };
      const { verdict, acked } = log.ack(ackId);
      const known = end > model.place ? "ahead" : "stale";
      expect(verdict).toBe(end === -1 ? "unknown" : known);
      expect(numbersOf(acked)).toEqual(range(model.place, end));
      model.place = Math.max(model.place, end);
    },
  };
  return (each: Step): void => {
    if (each.do === "append") steps.append(each.count);
    else if (each.do === "pull") steps.pull(each.limit, each.duplicate);
    else steps.ack(each.pick);
    expect(log.waiting()).toBe(model.events - model.place);
  };
}

describe("the events of a queue", () => {
  it("follow the position semantics over random histories", async () => {
    await fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        steps.forEach(createSteps(newLog()));
      }),
      { numRuns: 200, seed: 20_261_122 },
    );
  });

  it("give one ack_id for one place, and know only those they gave", () => {
    const log = newLog();
    log.append({ wire: 0, eventId: undefined, at: 0 });

    expect(log.toAckId(1)).toBe(log.toAckId(1));
    expect(log.ack("ack-9")).toEqual({ verdict: "unknown", acked: [] });
    expect(log.waiting()).toBe(1);
  });

  it("expire from the front, acknowledged or not", () => {
    const log = newLog();
    for (const at of [1, 2, 3]) log.append({ wire: at, eventId: undefined, at });
    const early = log.toAckId(1);

    log.expire(3);

    expect(numbersOf(log.page(100).events)).toEqual([3]);
    expect(log.ack(early).verdict).toBe("stale");
    log.expire(4);
    expect(log.page(100).events).toEqual([]);
    expect(log.waiting()).toBe(0);
  });

  it("knows the last thousand ids, so that a long life costs no memory", () => {
    const log = newLog();
    for (const at of range(0, 2_000)) log.append({ wire: at, eventId: undefined, at });
    const [oldest = "", second = "", ...others] = range(1, 1_002).map((end) => log.toAckId(end));

    expect(others.length).toBe(999);
    expect(log.ack(oldest).verdict).toBe("unknown");
    expect(log.ack(second).verdict).toBe("ahead");
    expect(log.ack(second).verdict).toBe("stale");
  });
});
