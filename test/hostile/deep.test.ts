import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { drain } from "../../src/index.ts";
import { tiki } from "../../src/providers/tiki/index.ts";
import { sqliteStores } from "../../src/stores/index.ts";

const deep = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;

describe("an event that nests ten thousand deep", () => {
  it("is set aside as text, and neither ends the run nor holds up the others", async () => {
    const folder = await mkdtemp(`${tmpdir()}/ackloop-deep-`);
    const item = (id: string, payload: string) => `{"id":"${id}","type":"T","payload":${payload}}`;
    const items = [item("deep", deep), `{"no":${deep}}`, item("good", "1")].join();
    const page = `{"events":[${items}],"ack_id":"a"}`;
    let isAcked = false;
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const asked = (await new Request(input, init).json()) as { ack_id: unknown };
      if (asked.ack_id !== null) isAcked = true;
      return new Response(isAcked ? '{"events":[],"ack_id":"a"}' : page);
    };
    const { deadLetters } = sqliteStores(`${folder}/ackloop.db`);
    const feed = tiki({ token: "t", fetch }).feed("q");
    const handled: string[] = [];
    const other = async ({ id }: { readonly id: string }) => {
      if (id === "deep") throw new Error("no use for it");
      handled.push(id);
    };

    const retry = { attempts: 1 };
    const summary = await drain(feed, { other }, { consumer: "c", deadLetters, retry });

    expect(summary).toMatchObject({ handled: 1, deadLettered: 2, unsettled: 0, stopped: "empty" });
    expect(handled).toEqual(["good"]);
    const { letters } = await deadLetters.list({ consumer: "c", feed: feed.name });
    expect(letters.map(({ raw }) => typeof raw)).toEqual(["string", "string"]);
    expect(letters.some(({ raw }) => String(raw).includes(deep))).toBe(true);
    await rm(folder, { recursive: true });
  });
});
