import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { drain } from "../../src/loop/consume.ts";
import { ended } from "../loop/support.ts";
import { message, messageList, messageQueue } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

// Promise (stores.ts: "any text but the empty one"; 134): an empty identity says nothing, as null does.
it.each([
  ["queue", messageQueue],
  ["list", messageList],
] as const)(
  "handles both of two events of a %s whose identity is the empty text",
  async (_, make) => {
    const source = make([
      message("m1", "a", { identity: "" }),
      message("m2", "b", { identity: "" }),
    ]);
    const handled: string[] = [];
    const summary = await ended(drain(source.feed, ({ id }) => void handled.push(id)));

    expect({ handled, acked: summary.acked }).toEqual({ handled: ["a", "b"], acked: 2 });
  },
);
