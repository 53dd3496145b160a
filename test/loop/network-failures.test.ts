import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { consume, type Feed, toReceipt } from "ackloop";
import { testEvent } from "ackloop/testing";
import { Agent, fetch as undiciFetch } from "undici";
import { beforeAll, describe, expect, it } from "vitest";

const idle = { minDelayMs: 10, maxDelayMs: 20 };

/** An address of this machine where nobody listens. */
let nobody = "";

beforeAll(async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  nobody = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
});

const origins: readonly (readonly [string, () => Promise<unknown>])[] = [
  ["the runtime's own fetch", () => fetch(nobody)],
  ["undici's fetch", () => undiciFetch(nobody)],
  ["undici's dispatcher", () => new Agent().request({ origin: nobody, path: "/", method: "GET" })],
  [
    "Node's own client",
    () => new Promise((resolve, reject) => request(nobody, resolve).on("error", reject).end()),
  ],
];

describe.each(origins)("a refused connection, as %s tells it", (_origin, fail) => {
  /** A feed that meets the failure so often in an operation, and then goes on. */
  const feedOf = (operation: "pull" | "ack", times: number) => {
    let left = times;
    const meet = async (now: string) => {
      if (now !== operation || left === 0) return;
      left -= 1;
      await fail();
    };
    const open = new Set(["a"]);
    const feed: Feed = {
      name: "own",
      acks: "individual",
      pulls: "unacked",
      async pull() {
        await meet("pull");
        return [...open].map((id) => ({ event: testEvent(id), raw: id, receipt: toReceipt(id) }));
      },
      async ack() {
        await meet("ack");
        open.delete("a");
        return [{ status: "acked" }];
      },
    };
    return { feed, open };
  };

  it.each([
    ["pull", "pollFailed"],
    ["ack", "ackFailed"],
  ] as const)("ends no run when a feed's %s rejects with it", async (operation, kind) => {
    const { feed, open } = feedOf(operation, 3);
    const told: unknown[] = [];
    const run = consume(feed, () => undefined, {
      consumer: "billing",
      idle,
      onReport: (report) => {
        if (report.kind === kind) told.push(report.error);
      },
    });

    await expect.poll(() => [...open]).toEqual([]);
    await run.stop();

    expect(told).toHaveLength(3);
    expect(told[0]).toMatchObject({ code: "transport", retryable: true });
  });
});
