import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { natsServer } from "../../examples/demo/fleet/engine.ts";
import { type Kill, Ledger } from "../../examples/demo/fleet/ledger.ts";
import type { FleetLine } from "../../examples/demo/fleet/task.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the second form of the demo, and gives its exit code and what it printed. */
function demo(
  ...words: readonly string[]
): Promise<{ code: number; told: Record<string, unknown> }> {
  const script = ["--import", "./scripts/typescript.mjs", "examples/demo/main.ts"];
  const all = [...script, "--scale", "--small", "--json", ...words];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, all, { cwd: root }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      if (!stdout.startsWith("{")) reject(new Error(stderr));
      else resolve({ code, told: JSON.parse(stdout) });
    });
  });
}

const engines = [
  ["sqlite", true],
  ["jetstream", natsServer() !== undefined],
] as const;

describe.each(engines)("relays and workers around %s, killed with SIGKILL", (engine, isThere) => {
  it.skipIf(!isThere)("lose nothing, and acknowledge nothing early", async () => {
    const { code, told } = await demo("--engine", engine);

    const promises = { lost: 0, ackedEarlyAtProvider: 0, ackedEarlyAtQueue: 0, unexplained: 0 };
    const kills = { relay: 1, worker: 1, engine: engine === "sqlite" ? 0 : 1 };
    expect(told).toMatchObject({ engine, published: 600, handled: 596, deadLettered: 4 });
    expect(told).toMatchObject({ ...promises, unacked: 0, left: 0, kills });
    expect(code).toBe(0);
  });
});

it.each([
  ["a relay that says it is stored before it is", "hasty-relay", "ackedEarlyAtProvider"],
  ["a worker that acknowledges before it has handled", "hasty-worker", "ackedEarlyAtQueue"],
])("the demo of a fleet catches %s", async (_, fault, figure) => {
  const { code, told } = await demo("--engine", "sqlite", "--fault", fault);

  expect(told[figure]).toBeGreaterThan(0);
  expect(code).toBe(1);
});

describe("the ledger of a fleet", () => {
  const line = (kind: FleetLine["kind"], by: string, at: number, more = {}): FleetLine => ({
    ...{ kind, by, at, provider: "any", ids: ["e1"] },
    ...more,
  });
  const sent = [line("sending", "relay-1", 10), line("stored", "relay-1", 20)];
  const twice = [line("handled", "worker-1", 30), line("handled", "worker-2", 1090)];
  const kill = (kind: Kill["kind"], name: string, at: number): Kill => ({ kind, name, at });

  function countOf(lines: readonly FleetLine[], kills: readonly Kill[] = [], ackedAt = 25) {
    const ledger = new Ledger();
    ledger.addJournal([
      { seq: 1, at: 5, kind: "published", eventId: "e1" },
      { seq: 2, at: ackedAt, kind: "acked", eventId: "e1" },
    ]);
    for (const each of lines) ledger.add(each);
    return ledger.count(kills, false, 1000);
  }

  it("counts what is acknowledged at the provider before the queue has confirmed it", () => {
    const early = { lost: 1, ackedEarlyAtProvider: 1 };
    expect(countOf(sent, [], 19)).toMatchObject(early);
    expect(countOf([], [], 19)).toMatchObject(early);
    expect(countOf(sent, [], 20)).toMatchObject({ lost: 1, ackedEarlyAtProvider: 0 });
  });

  it("counts what is acknowledged at the queue before it is handled or set aside", () => {
    const acking = line("acking", "worker-1", 29);
    expect(countOf([...sent, acking, line("handled", "worker-1", 30)])).toMatchObject({
      ...{ lost: 0, ackedEarlyAtQueue: 1 },
    });
    expect(countOf([...sent, line("setAside", "worker-1", 29), acking])).toMatchObject({
      ...{ lost: 0, deadLettered: 1, ackedEarlyAtQueue: 0 },
    });
  });

  it.each<[string, string, readonly FleetLine[], readonly Kill[]]>([
    ["its worker's kill", "byWorker", [], [kill("worker", "worker-1", 40)]],
    ["the engine's kill", "byEngine", [], [kill("engine", "jetstream", 15)]],
    [
      "a second message without an id",
      "byProvider",
      [
        line("sending", "relay-1", 50, { derived: ["e1"] }),
        line("sending", "relay-1", 60, { derived: ["e1"] }),
      ],
      [],
    ],
    [
      "a lease that had ended",
      "byLease",
      [line("pulled", "worker-1", 25), line("pulled", "worker-2", 1025)],
      [],
    ],
    [
      "nothing, since the lease was lengthened",
      "unexplained",
      [
        line("pulled", "worker-1", 25),
        line("extended", "worker-1", 500),
        line("pulled", "worker-2", 1025),
      ],
      [],
    ],
    ["nothing, although another was killed", "unexplained", [], [kill("worker", "worker-2", 40)]],
    ["nothing, although it was killed before", "unexplained", [], [kill("worker", "worker-1", 29)]],
    [
      "nothing, since its ack was confirmed",
      "unexplained",
      [line("acked", "worker-1", 35)],
      [kill("worker", "worker-1", 40)],
    ],
    ["nothing, although it was sent twice", "unexplained", sent, []],
  ])("explains a repeat by %s", (_, cause, more, kills) => {
    const count = countOf([...sent, ...twice, ...more], kills);

    expect(count).toMatchObject({ repeats: 1, [cause]: 1 });
  });
});
