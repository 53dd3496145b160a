import { describe, expect, it } from "vitest";
import { type DiscueReceiver, discueReceiver } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { memoryStores } from "../../src/stores/index.ts";

const secret = "0123456789abcdef";
const fetch = async (): Promise<Response> =>
  Response.json({ events: [], data: [], messages: [], status: "ok" });
const tikiFeed = tiki({ token: "t", fetch }).feed("q");
const node = kekker({ baseUrl: "https://n.example", channel: "c", token: "t", fetch }).feed();
const streams = workato({ token: "t", fetch });
const topic = streams.feed(1, { cursor: memoryStores().cursors, consumer: "c" });
const receiver: DiscueReceiver = discueReceiver({ secret });
const requests = receiver.feed();

const calls: readonly (readonly [string, (signal: AbortSignal) => Promise<unknown>])[] = [
  ["Tiki's pull", (signal) => tikiFeed.pull({ signal })],
  ["Kekker's pull", (signal) => node.pull({ signal })],
  ["Kekker's ack", (signal) => node.ack([], { signal }).then(() => node.pull({ signal }))],
  ["Workato's consume", (signal) => streams.messages.consume(1, { signal })],
  ["Workato's pull", (signal) => topic.pull({ signal })],
  ["a pull of requests", (signal) => requests.pull({ signal, waitMs: 5 })],
  ["an ack of requests", (signal) => requests.ack([], { signal })],
  [
    "a receiver",
    (signal) => {
      const url = `https://me.example/?secret=${secret}`;
      return receiver.receive(new Request(url, { method: "POST", body: "x" }), { signal });
    },
  ],
];

describe.each(calls)("a signal for %s", (_name, call) => {
  it("may be another library's, which has no throwIfAborted", async () => {
    const { signal } = new AbortController();
    Object.defineProperty(signal, "throwIfAborted", { value: undefined });

    await expect(call(signal)).resolves.toBeDefined();
  });

  it("ends it with an AbortError where it gives no reason of its own", async () => {
    const signal = AbortSignal.abort();
    Object.defineProperty(signal, "reason", { value: undefined });

    await expect(call(signal)).rejects.toMatchObject({ name: "AbortError" });
  });

  it.each([null, {}, { aborted: false }, 5])("that is none is a config error: %j", async (odd) => {
    await expect((async () => call(odd as never))()).rejects.toMatchObject({ code: "config" });
  });
});
