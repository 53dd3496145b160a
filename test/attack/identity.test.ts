import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { redrive } from "../../src/loop/redrive.ts";
import { webhook } from "../../src/loop/webhook.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { testEvent } from "../../src/testing/memory-feed.ts";
import { ended } from "../loop/support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

// Promise (134, 071; kind A): what has no id of its own has a letter of its own; both were answered 2xx.
it("keeps a letter for each of two webhook messages that have no id and equal content", async () => {
  const { deadLetters } = memoryStores();
  const receiver = {
    name: "hook",
    receive: async () => ({
      kind: "deliveries" as const,
      deliveries: [{ event: testEvent("digest"), raw: { order: 1 }, idDerived: true as const }],
    }),
    accept: () => new Response(null, { status: 204 }),
    defer: () => new Response(null, { status: 503 }),
  };
  const handle = webhook(
    receiver,
    () => {
      throw new Error("database away");
    },
    { deadLetters, consumer: "c", retry: { attempts: 1 } },
  );
  const request = () => new Request("http://localhost/", { method: "POST", body: "x" });
  const first = await ended(handle(request()));
  const second = await ended(handle(request()));
  const handled: string[] = [];
  await ended(redrive(deadLetters, "hook", ({ id }) => void handled.push(id), { consumer: "c" }));

  expect({ statuses: [first.status, second.status], handled: handled.length }).toEqual({
    statuses: [204, 204],
    handled: 2,
  });
});
