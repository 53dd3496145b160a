import { describe, expect, it } from "vitest";
import { checkFeedOptions } from "../../../src/providers/workato/feed-options.ts";
import { topicSchema } from "../../../src/providers/workato/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";

const basics = { cursor: memoryStores().cursors, consumer: "billing" };
const schema = topicSchema([]);
const typeOf = () => "a";

/** Checks options as a caller without types could give them. */
const check = (options: object) => checkFeedOptions(options as typeof basics);

describe("checkFeedOptions", () => {
  it("makes the catalogue of a schema, or of schemas by type", () => {
    expect(check({ ...basics, schema }).events).toEqual({ message: schema });
    expect(check({ ...basics, typeOf, events: { a: schema } }).events).toEqual({ a: schema });
  });

  it.each([
    [{ consumer: "billing" }, "`cursor` is required: a cursor store"],
    [
      { cursor: {}, consumer: "billing" },
      "`cursor` must be an object with the functions load, save",
    ],
    [{ cursor: basics.cursor }, "`consumer` is required: a name"],
    [{ ...basics, consumer: "" }, "`consumer` must be a name"],
    [{ ...basics, consumer: "a\0b" }, "`consumer` must be a name"],
    [{ ...basics, consumer: "a".repeat(501) }, "`consumer` must be a name"],
    [{ ...basics, from: "yesterday" }, "`from` must be"],
    [
      { ...basics, onCursorExpired: "skip" },
      '`onCursorExpired` must be "halt", "oldest" or "fromTime"',
    ],
    [
      { ...basics, restartMarginMs: -1 },
      "`restartMarginMs` must be a number of milliseconds from 0",
    ],
    [
      { ...basics, checkEmptyAfterMs: Number.NaN },
      "`checkEmptyAfterMs` must be a number of milliseconds",
    ],
    [
      { ...basics, restartMarginMs: Number.POSITIVE_INFINITY },
      "`restartMarginMs` must be a number",
    ],
    [{ ...basics, restartMarginMs: 1e16 }, "`restartMarginMs` must be a number"],
    [{ ...basics, from: new Date(8.64e15) }, "`from` must be"],
    [{ ...basics, from: -8e15 }, "`from` must be"],
    [{ ...basics, expiredStatuses: 400 }, "`expiredStatuses` must be a list"],
    [{ ...basics, typeOf: "kind" }, "`typeOf` must be a function"],
    [{ ...basics, typeOf, schema }, "`schema` is for the one type `message`"],
    [{ ...basics, events: { a: schema } }, "`events` needs `typeOf`"],
    [{ ...basics, schema: {} }, "`schema` must be a Standard Schema"],
    [
      { ...basics, typeOf, events: { a: 1 } },
      "`events` must be an object of Standard Schemas by event type; that of a is none",
    ],
  ])("refuses wrong options by name (%#)", (options, text) => {
    expect(() => check(options)).toThrow(`workato feed: option ${text}`);
  });
});
