import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  errorText,
  isWireEvent,
  namedEvent,
  namedPage,
  readEarliest,
  wireEvent,
  withDocumentedNames,
} from "../../../src/providers/kekker/wire.ts";
import eventNotFound from "./fixtures/event-not-found.json" with { type: "json" };
import page from "./fixtures/events-page.json" with { type: "json" };

const ackReply = readFileSync(new URL("./fixtures/ack-reply.txt", import.meta.url), "utf8");

describe("the reply of an ack", () => {
  it.each([
    [ackReply, "2020-08-04T21:23:14.813Z"],
    [`"${ackReply}"`, "2020-08-04T21:23:14.813Z"],
    ["2020-08-04T21:23:14.8131234+00:00\r\n", "2020-08-04T21:23:14.8131234Z"],
    ["", undefined],
    ["null", undefined],
    ['""', undefined],
    ["0001-01-01T00:00:00", undefined],
    ["9999-12-31T23:59:59.9999999", undefined],
    ["<html></html>", undefined],
  ])("is read in any form: %j as %s", (body, expected) => {
    expect(readEarliest(body)).toBe(expected);
  });
});

describe("an event that is let through without its schema", () => {
  const text = fc.constantFrom("", ".", "..", "a", "Deals", "\ud800", "a/b");
  const odd = fc.constantFrom(undefined, null, true, 7, -0.5, Number.NaN, Infinity, 7n, [], {});
  const member = fc.oneof({ weight: 3, arbitrary: text }, odd);
  const members = fc.record(
    { eventUid: member, event: member, category: member, timestamp: member, objectId: member },
    { requiredKeys: ["eventUid", "event"], noNullPrototype: true },
  );
  // As JSON may hold it: a member like any other.
  const withProto = fc.constant(
    JSON.parse('{"__proto__":{"eventUid":"a"},"eventUid":"b","event":"c"}'),
  );
  const item = fc.oneof(members, members, withProto, odd, text);

  it("is one that the schema gives back as it is", async () => {
    let known = 0;
    await fc.assert(
      fc.property(item, (value) => {
        if (!isWireEvent(value)) return;
        known += 1;
        expect(wireEvent.safeParse(value)).toStrictEqual({ success: true, data: value });
      }),
      { numRuns: 3_000 },
    );
    expect(known).toBeGreaterThan(100);
  });

  it.each([...page.data, { eventUid: 7, event: "DealCreated" }])(
    "is every usual one: %o",
    (each) => {
      expect(isWireEvent(each)).toBe(true);
    },
  );
});

describe("the names of a reply", () => {
  it("are those of the example replies, whatever their case", () => {
    const named = namedEvent({ EventId: "a", CATEGORY: "Deals", LocalObjectId: 1, Extra: 2 });

    expect(named).toStrictEqual({ eventUid: "a", category: "Deals", localObjectId: 1, Extra: 2 });
  });

  it("leave the documented one alone where there are two spellings", () => {
    const named = namedEvent({ EventUid: "other", eventUid: "a", eventId: "b" });

    expect(named).toStrictEqual({ EventUid: "other", eventUid: "a", eventId: "b" });
  });

  it("keep a member called __proto__ a member", () => {
    const named = namedEvent(JSON.parse('{"__proto__": {"eventUid": "a"}}'));

    expect(Object.getPrototypeOf(named)).toBe(Object.prototype);
    expect(Object.keys(named as object)).toStrictEqual(["__proto__"]);
  });

  it.each([undefined, null, 1, "text", [1]])("are not looked for in %j", (value) => {
    expect(withDocumentedNames(value, new Map())).toBe(value);
  });

  it("of a page are found in the object and in the bare array", () => {
    expect(namedPage({ PageNumber: 1, Data: [], other: 2 })).toStrictEqual({
      pageNumber: 1,
      data: [],
      other: 2,
    });
    expect(namedPage([1])).toStrictEqual({ data: [1] });
    expect(namedPage(page)).toStrictEqual(page);
  });
});

describe("the text of an error", () => {
  it.each([
    [eventNotFound, "Event not found"],
    [{ ErrorMessage: "Internal error" }, "Internal error"],
    [{ errorMessage: null }, undefined],
    ["Unauthorized", undefined],
    [undefined, undefined],
    [{ message: "no" }, undefined],
  ])("of %j is %s", (body, expected) => {
    expect(errorText(body)).toBe(expected);
  });
});
