import { describe, expectTypeOf, it } from "vitest";
import type { FaultKind } from "../../src/emulator/index.ts";
import {
  type Emulator,
  type JournalEntry,
  kekkerEmulator,
  serveEmulators,
  type TikiOperation,
  tikiEmulator,
} from "../../src/emulator/index.ts";

const tiki = tikiEmulator();
const kekker = kekkerEmulator();

describe("the operations of an emulator", () => {
  it("are known to its faults, so that a slip does not compile", () => {
    tiki.faults.add({ kind: "cut", operation: "pull" });
    tiki.faults.add({ kind: "cut", operation: ["pull", "token"] });
    // @ts-expect-error it is pull
    (): unknown => tiki.faults.add({ kind: "cut", operation: "pulll" });
    // @ts-expect-error a member that no fault has
    (): unknown => tiki.faults.add({ kind: "cut", times: 1 });
    // @ts-expect-error Kekker has no pull
    (): unknown => kekker.faults.addAll([{ kind: "cut", operation: "pull" }]);
  });

  it("are known to its journal", () => {
    tiki.journal.calls("unknown");
    tiki.journal.entries({ operation: "ack" });
    // @ts-expect-error it is ack
    (): unknown => tiki.journal.calls("acks");
    // @ts-expect-error it is list
    (): unknown => kekker.journal.entries({ operation: "lists" });
  });

  it("hide nothing from what takes any emulator", () => {
    expectTypeOf(tiki).toExtend<Emulator>();
    expectTypeOf(serveEmulators).toBeCallableWith([tiki, kekker]);
  });
});

describe("a journal's entry", () => {
  it("is told apart by its kind", () => {
    const read = (entry: JournalEntry<TikiOperation>): string | number => {
      switch (entry.kind) {
        case "fault":
          expectTypeOf(entry.fault).toEqualTypeOf<FaultKind>();
          expectTypeOf(entry.operation).toEqualTypeOf<TikiOperation>();
          return entry.fault;
        case "refused":
          expectTypeOf(entry.status).toEqualTypeOf<number>();
          return entry.status;
        case "read":
          return entry.cursor;
        case "request":
          return entry.request;
        default:
          // @ts-expect-error an event's entry has no status
          expectTypeOf(entry.status).toBeAny();
          return entry.queue;
      }
    };

    expectTypeOf(read).returns.toEqualTypeOf<string | number>();
  });

  it("has the kinds that were asked for", () => {
    const acks = tiki.journal.entries({ kinds: ["acked", "delivered"] });

    expectTypeOf(acks[0]?.kind).toEqualTypeOf<"acked" | "delivered" | undefined>();
    expectTypeOf(acks[0]?.queue).toEqualTypeOf<string | undefined>();
  });
});
