import { expect, it } from "vitest";
import { fingerprint } from "../../../src/providers/discue/fingerprint.ts";

it("is the same for the same text, and another for every other one", () => {
  const texts = Array.from({ length: 20_000 }, (_, number) => `{"data":"${number}"}`);
  const seen = new Set(texts.map(fingerprint));

  expect(seen.size).toBe(texts.length);
  expect(fingerprint("created")).toBe(fingerprint("created"));
});

it("sees every place, an empty text and any character", () => {
  const long = "x".repeat(1_000);
  const changed = Array.from(
    { length: 1_000 },
    (_, at) => `${long.slice(0, at)}y${long.slice(at + 1)}`,
  );

  expect(new Set([long, "", "\0", "\u{1f600}", ...changed].map(fingerprint)).size).toBe(1_004);
});
