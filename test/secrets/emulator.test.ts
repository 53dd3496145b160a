import { describe, expect, it } from "vitest";
import { profiles } from "../providers/profiles.ts";
import { mark, marks, plainMark, Witness } from "./support.ts";

describe.each(profiles)("the journal of $title's emulator", ({ secrets }) => {
  it("holds no credential, of requests let in or refused", async () => {
    const witness = new Witness();
    const { emulator: make, requests } = secrets(marks);
    const emulator = make();
    const { fetch, journal, faults } = emulator;

    for (const call of requests({ fetch, retry: { attempts: 1 } })) await witness.watch(call);
    witness.see(journal.entries());
    witness.see([journal.totals(), journal.publishedIds(), faults.list(), faults.injected()]);

    expect(journal.entries().length).toBeGreaterThan(0);
    witness.expectNothingOf(mark, plainMark);
    await emulator.close();
  });
});
