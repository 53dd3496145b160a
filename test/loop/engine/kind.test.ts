import { expect, it } from "vitest";
import { kindOf } from "../../../src/loop/engine/kind.ts";

it.each([
  ["individual", "unacked", "list"],
  ["individual", "onward", "queue"],
  ["cumulative", "unacked", "pages"],
  ["cumulative", "onward", "cursor"],
] as const)("calls a feed with %s acks that pulls %s a %s", (acks, pulls, kind) => {
  expect(kindOf({ acks, pulls })).toBe(kind);
});
