import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import { Intake } from "../../src/core/intake.ts";
import type { Receiver } from "../../src/core/receiver.ts";

const never = new Promise<never>(() => {});
const request = () => new Request("https://receiver.test/", { method: "POST", body: "x" });

function intakeOf(receive: Receiver["receive"], most = 2) {
  const warn = vi.fn();
  const receiver: Receiver = {
    name: "orders",
    receive,
    accept: () => new Response(),
    defer: () => new Response(null, { status: 503 }),
  };
  const intake = new Intake({
    receiver,
    limitMs: 1_000,
    mayRead: (reading) => reading < most,
    logger: { debug() {}, info() {}, warn, error() {} },
  });
  return { intake, warn };
}

/** Reads until its signal fires. */
const reading: Receiver["receive"] = (_request, { signal, admit } = {}) => {
  const response = new Response(null, { status: 503 });
  if (admit?.() === false) return Promise.resolve({ kind: "answered", response, as: "full" });
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it("lets so many be read at once, and each for so long", async () => {
  const { intake, warn } = intakeOf(reading);
  const first = [intake.take(request()), intake.take(request())];

  expect(await intake.take(request())).toBeUndefined();
  expect(intake.reading).toBe(2);
  await vi.advanceTimersByTimeAsync(1_000);

  expect(await Promise.all(first)).toEqual([undefined, undefined]);
  expect(intake.reading).toBe(0);
  expect(warn).toHaveBeenCalledTimes(1);
});

it("counts nothing that is answered without being read", async () => {
  const response = new Response("alive");
  const { intake } = intakeOf(async () => ({ kind: "answered", response }), 0);

  expect(await intake.take(request())).toEqual({ kind: "answered", response });
});

it("counts a request once, however often its receiver asks", async () => {
  const { intake } = intakeOf((_request, { admit } = {}) => {
    admit?.();
    admit?.();
    return never;
  });

  void intake.take(request());

  expect(intake.reading).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
});

it("stops reading with the request's own signal", async () => {
  const { intake, warn } = intakeOf(reading);
  const gone = new AbortController();
  const taken = intake.take(request(), gone.signal);

  gone.abort();

  expect(await taken).toBeUndefined();
  expect(intake.reading).toBe(0);
  expect(warn).not.toHaveBeenCalled();
});

it("throws what is config, and tells any other failure", async () => {
  const error = new AckloopError("config", "the body was read before");
  await expect(intakeOf(() => Promise.reject(error)).intake.take(request())).rejects.toBe(error);
  const { intake, warn } = intakeOf(() => {
    throw new Error("away");
  });

  expect(await intake.take(request())).toBeUndefined();
  expect(warn).toHaveBeenCalledWith(
    "ackloop: orders: a request could not be read: orders receive: Error: away; " +
      "the sender was told to send it again",
    { feed: "orders", error: expect.objectContaining({ code: "transport" }) },
  );
});
