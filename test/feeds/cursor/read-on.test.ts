import { describe, expect, it } from "vitest";
import { AckloopError } from "../../../src/core/errors.ts";
import type { CursorPage } from "../../../src/feeds/cursor/api.ts";
import type { OnCursorExpired } from "../../../src/feeds/cursor/options.ts";
import type { Place } from "../../../src/feeds/cursor/place.ts";
import { checkEmptiness, type PageWish, readOn } from "../../../src/feeds/cursor/read-on.ts";

/** An API that tells no times. */
const untold = (): undefined => undefined;

const place: Place = { after: { position: "m5", time: "2026-01-02T03:04:05.000+00:00" } };
const refused = (status: number) => new AckloopError("request", "refused", { status });

const pageOf = (...items: readonly unknown[]) => ({ items });

/** Answers in order, and keeps what was asked. */
function asker(...answers: readonly (readonly unknown[] | Error)[]) {
  const asked: { place: Place; wish: PageWish }[] = [];
  const ask = async (at: Place, wish: PageWish): Promise<CursorPage> => {
    const answer = answers[asked.length];
    asked.push({ place: at, wish });
    if (answer instanceof Error) throw answer;
    if (answer) return pageOf(...answer);
    return expect.unreachable("nothing more is to be asked");
  };
  return { ask, asked };
}

const settings = (onCursorExpired: OnCursorExpired) => ({
  onCursorExpired,
  restartMarginMs: 1_000,
  expiredStatuses: [400, 404],
  provider: "workato",
});

describe("readOn", () => {
  it("makes one request where the place is known", async () => {
    const { ask, asked } = asker(["page"]);

    expect(await readOn(ask, place, { limit: 5, waitMs: 9 }, settings("oldest"))).toEqual(
      pageOf("page"),
    );

    expect(asked).toEqual([{ place, wish: { limit: 5, waitMs: 9 } }]);
  });

  it.each(["halt", "oldest", "fromTime"] as const)(
    "under %s takes one refusal for no rule: the same is asked once more",
    async (policy) => {
      const { ask, asked } = asker(refused(404), ["page"]);
      const wish = { limit: 5, waitMs: 9 };

      expect(await readOn(ask, place, wish, settings(policy))).toEqual(pageOf("page"));

      expect(asked).toEqual([
        { place, wish },
        { place, wish },
      ]);
    },
  );

  it("is not believed for a gateway's page of the same status", async () => {
    const page = new AckloopError("transport", "a page", { status: 404, retryable: true });
    const { ask, asked } = asker(page);

    await expect(readOn(ask, place, {}, settings("oldest"))).rejects.toBe(page);

    expect(asked).toHaveLength(1);
  });

  it("believes an API that says itself that the position has expired, whatever its status", async () => {
    const expired = new AckloopError("cursorExpired", "gone", { status: 200 });
    const { ask, asked } = asker(expired, expired, ["old"], expired);

    expect(await readOn(ask, place, {}, settings("oldest"))).toMatchObject({ items: ["old"] });
    expect(asked).toHaveLength(4);
  });

  it("passes on what else the second time meets", async () => {
    const failed = new AckloopError("transport", "the server failed", { status: 503 });
    const { ask } = asker(refused(404), failed);

    await expect(readOn(ask, place, {}, settings("oldest"))).rejects.toBe(failed);
  });

  it("halts with cursorExpired once the same is answered without the message", async () => {
    const { ask, asked } = asker(refused(404), refused(404), [], refused(404));

    await expect(readOn(ask, place, { waitMs: 9 }, settings("halt"))).rejects.toMatchObject({
      code: "cursorExpired",
      retryable: false,
      status: 404,
    });

    expect(asked[2]).toEqual({ place: {}, wish: { limit: 1 } });
  });

  it("goes on with the oldest message", async () => {
    const { ask, asked } = asker(refused(400), refused(400), ["old"], refused(400));

    expect(await readOn(ask, place, { limit: 7 }, settings("oldest"))).toEqual({
      ...pageOf("old"),
      restartedAt: {},
    });

    expect(asked[2]).toEqual({ place: {}, wish: { limit: 7 } });
  });

  it("goes on from the saved time less the margin", async () => {
    const { ask, asked } = asker(refused(400), refused(404), ["since"], refused(400));

    const { restartedAt } = await readOn(ask, place, {}, settings("fromTime"));

    expect(asked[2]?.place).toEqual({ since: "2026-01-02T03:04:04.000Z" });
    expect(restartedAt).toEqual({ since: "2026-01-02T03:04:04.000Z" });
  });

  it("goes on with the oldest message where no time was saved", async () => {
    const { ask, asked } = asker(refused(400), refused(400), [], refused(400));

    await readOn(ask, { after: { position: "m5" } }, {}, settings("fromTime"));

    expect(asked[2]?.place).toEqual({});
  });

  it.each([
    ["another status", place, refused(422)],
    ["no status", place, new AckloopError("transport", "cut")],
    ["something else that was thrown", place, new TypeError("a bug")],
    ["a place without a message", { since: "2026-01-01T00:00:00Z" }, refused(400)],
  ])("passes on %s, and asks nothing more", async (_, at, error) => {
    const { ask, asked } = asker(error);

    await expect(readOn(ask, at, {}, settings("oldest"))).rejects.toBe(error);
    expect(asked).toHaveLength(1);
  });

  it("blames the topic, and not the message, when the same is refused without it", async () => {
    const missing = refused(404);
    const { ask } = asker(refused(404), refused(404), missing);

    await expect(readOn(ask, place, {}, settings("halt"))).rejects.toBe(missing);
  });
});

describe("checkEmptiness", () => {
  it("finds nothing newer by one request", async () => {
    const { ask, asked } = asker([]);

    expect(
      await checkEmptiness(ask, place, { limit: 9 }, settings("halt"), untold),
    ).toBeUndefined();

    expect(asked).toEqual([{ place: { since: "2026-01-02T03:04:05.001Z" }, wish: { limit: 1 } }]);
  });

  it("delivers what came in between", async () => {
    const { ask } = asker(["new"], ["new"]);

    expect(await checkEmptiness(ask, place, {}, settings("halt"), untold)).toEqual(pageOf("new"));
  });

  it("goes by the policy when the message hides newer ones", async () => {
    const halting = asker(["new"], [], ["new"]);
    const going = asker(["new"], [], ["old", "new"]);

    await expect(
      checkEmptiness(halting.ask, place, {}, settings("halt"), untold),
    ).rejects.toMatchObject({
      code: "cursorExpired",
    });
    expect(await checkEmptiness(going.ask, place, {}, settings("oldest"), untold)).toEqual({
      ...pageOf("old", "new"),
      restartedAt: {},
    });
  });

  it("asks nothing where no time was saved", async () => {
    const { ask, asked } = asker();

    expect(
      await checkEmptiness(ask, { after: { position: "m" } }, {}, settings("halt"), untold),
    ).toBeUndefined();
    expect(asked).toEqual([]);
  });
});
