import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  errorText,
  namedEvent,
  namedPage,
  readEarliest,
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
