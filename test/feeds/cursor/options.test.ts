import { describe, expect, it } from "vitest";
import { checkCursorOptions } from "../../../src/feeds/cursor/options.ts";
import { memoryStores } from "../../../src/stores/index.ts";

const basics = { cursor: memoryStores().cursors, consumer: "billing" };
const seek = async () => ({ items: [] });

/** Checks options as a caller without types could give them. */
const check = (options: object, api: object = { seek }) =>
  checkCursorOptions({ provider: "ledger", ...api }, options as typeof basics);

describe("checkCursorOptions", () => {
  it("fills in the defaults", async () => {
    const settings = check(basics);

    expect(settings).toMatchObject({
      consumer: "billing",
      onCursorExpired: "halt",
      restartMarginMs: 1_000,
      checkEmptyAfterMs: 3_600_000,
      expiredStatuses: [400, 404, 410, 422],
    });
    expect(await settings.startAt(() => expect.unreachable())).toEqual({});
  });

  it("starts from a time, or a minute before the first pull, by the server's own clock", async () => {
    const clock = Date.now() - 90_000;
    const askClock = async () => clock;
    const startOf = async (from: "now" | number) =>
      (await check({ ...basics, from }).startAt(askClock)).since;

    expect(await startOf("now")).toBe(new Date(clock - 60_000).toISOString());
    expect(await startOf(clock + 80_000)).toBe(new Date(clock).toISOString());
    expect(await startOf(clock - 1)).toBe(new Date(clock - 1).toISOString());
  });

  it("asks no clock for a time of long ago", async () => {
    const { startAt } = check({ ...basics, from: new Date("2026-01-02T00:00:00Z") });

    expect(await startAt(() => expect.unreachable())).toEqual({
      since: "2026-01-02T00:00:00.000Z",
    });
  });

  it.each([
    [{ from: "now" }, "`from` other than"],
    [{ from: 0 }, "`from` other than"],
    [{ onCursorExpired: "fromTime" }, '`onCursorExpired` "fromTime" needs an API'],
  ])("refuses what needs a time to seek where the API has none (%#)", (options, text) => {
    const noSeek = { seek: undefined };

    expect(() => check({ ...basics, ...options }, noSeek)).toThrow(`ledger feed: option ${text}`);
  });
});
