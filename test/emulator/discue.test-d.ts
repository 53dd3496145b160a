import { describe, it } from "vitest";
import { discueEmulator, workatoEmulator } from "../../src/emulator/index.ts";

const discue = discueEmulator();
const workato = workatoEmulator();

describe("the operations of discue's emulator, and of Workato's", () => {
  it("are known to faults and journal, so that a slip does not compile", () => {
    discue.faults.add({ kind: "cut", operation: ["notify", "liveness", "messages.create"] });
    workato.faults.add({ kind: "cut", operation: "consume" });
    discue.journal.calls("queues.list");
    workato.journal.entries({ operation: "publishBatch" });
    // @ts-expect-error it is notify
    (): unknown => discue.faults.add({ kind: "cut", operation: "notifies" });
    // @ts-expect-error it is consume
    (): unknown => workato.faults.add({ kind: "cut", operation: "pull" });
    // @ts-expect-error it is publishBatch
    (): unknown => workato.journal.calls("batch");
  });
});
