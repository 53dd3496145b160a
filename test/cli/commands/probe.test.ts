import { describe, expect, it } from "vitest";
import { providers } from "../../../src/cli/providers.ts";
import { mask } from "../../../src/cli/recorder.ts";
import { freePort } from "../../../src/cli/serve.ts";
import {
  discueEmulator,
  type Emulator,
  kekkerEmulator,
  tikiEmulator,
  workatoEmulator,
} from "../../../src/emulator/index.ts";
import { emulated, samples } from "../emulated.ts";
import { start } from "../support.ts";

interface Verdict {
  readonly id: string;
  readonly verdict: string;
  readonly found: string;
}

/** Probes an emulator with some events; gives the verdicts by their ids. */
async function probe(
  made: Emulator,
  options: readonly string[],
  count = 3,
  more: Readonly<Record<string, string>> = {},
) {
  const provider = providers[made.name];
  if (!provider) throw new Error(made.name);
  const { environment: own, fill, connection } = await emulated(provider, made);
  const environment = { ...own, ...more };
  const place = await fill(samples(provider, count));
  const words = provider.place ? [made.name, place] : [made.name];
  const running = start(["probe", ...words, "--json", "--fixtures", ...options], { environment });
  const code = await running.code;
  const { verdicts } = JSON.parse(running.written.out) as { verdicts: readonly Verdict[] };
  const byId = Object.fromEntries(verdicts.map(({ id, verdict }) => [id, verdict]));
  return { code, byId, verdicts, written: running.written, connection, provider, environment };
}

/** The ids with a verdict. */
const idsOf = (byId: Readonly<Record<string, string>>, verdict: string) =>
  Object.keys(byId).filter((id) => byId[id] === verdict);

describe("ackloop probe", () => {
  it.each([
    ["tiki", () => tikiEmulator(), 2],
    ["kekker", () => kekkerEmulator(), 7],
    ["workato", () => workatoEmulator(), 6],
    ["discue", () => discueEmulator(), 3],
  ] as const)(
    "asks about each assumption of %s, and changes nothing",
    async (_name, make, held) => {
      const emulator = make();
      const { code, byId, provider, written, environment } = await probe(emulator, []);

      expect(code).toBe(0);
      expect(Object.keys(byId)).toEqual(Object.keys(provider.assumptions));
      expect(idsOf(byId, "holds").length).toBeGreaterThanOrEqual(held);
      expect(idsOf(byId, "fails")).toEqual([]);
      const { acked, published } = emulator.journal.totals();
      expect({ acked, published }).toEqual({ acked: 0, published: 3 });
      for (const { name, isSecret } of provider.variables) {
        if (isSecret) expect(written.out).not.toContain(environment[name] ?? "");
      }
    },
  );

  it.each<readonly [string, () => Emulator, readonly string[], Readonly<Record<string, string>>]>([
    ["tiki", () => tikiEmulator(), [], { "ack-again": "holds", "ack-answer": "holds" }],
    [
      "tiki without an ack_id of an empty queue",
      () => tikiEmulator({ assumptions: { emptyPullAckId: "null" } }),
      [],
      { "ack-again": "open", "ack-answer": "open" },
    ],
    [
      "kekker as the schema has it",
      () =>
        kekkerEmulator({
          assumptions: {
            listForm: "array",
            memberCase: "pascal",
            idMember: "eventId",
            times: "full",
          },
        }),
      [],
      { "list-form": "holds", names: "holds", "time-form": "holds", "object-id": "holds" },
    ],
    [
      "kekker that wants a zone, and tells totals of a page",
      () => kekkerEmulator({ assumptions: { resetZones: ["Z"], totals: "page" } }),
      [],
      { "reset-zone": "fails", "page-said": "fails" },
    ],
    [
      "kekker that cuts pages",
      () => kekkerEmulator({ assumptions: { maxPageSize: 2 } }),
      [],
      { "page-size": "holds", "reset-zone": "holds", "page-said": "holds" },
    ],
    [
      "workato",
      () => workatoEmulator({ requestsPerMinute: Number.POSITIVE_INFINITY }),
      [],
      { "unknown-cursor": "holds", "retention-left-out": "holds", "batch-order": "holds" },
    ],
    [
      "workato that answers emptiness, and merges",
      () =>
        workatoEmulator({
          assumptions: {
            ...{ unknownCursor: "empty", updatedSchema: "merges", retentionLeftOut: "kept" },
            ...{ topicsPerPage: 1, sinceInclusive: false },
          },
        }),
      [],
      {
        ...{ "unknown-cursor": "holds", "updated-schema": "fails", "retention-left-out": "fails" },
        ...{ "topic-pages": "holds", "since-inclusive": "holds" },
      },
    ],
    [
      "workato that begins anew",
      () => workatoEmulator({ assumptions: { unknownCursor: "oldest" } }),
      [],
      { "unknown-cursor": "fails" },
    ],
    [
      "discue",
      () => discueEmulator({ webhook: { retryDelaysMs: [100] } }),
      ["--url"],
      {
        ...{ "create-method": "holds", "body-form": "holds", "ack-status": "holds" },
        ...{ redelivery: "holds", liveness: "holds", signature: "holds", address: "holds" },
      },
    ],
    [
      "discue with other calls",
      () =>
        discueEmulator({
          webhook: {
            ...{
              retryDelaysMs: [100],
              bodyForm: "raw",
              method: "PATCH",
              livenessMethod: "OPTIONS",
            },
            ...{ signatureSecret: `whsec_${btoa("0123456789abcdef01234567")}`, isAck: () => false },
          },
        }),
      ["--url"],
      {
        ...{ delivery: "fails", "body-form": "holds", "ack-status": "fails" },
        ...{ redelivery: "holds", liveness: "fails", signature: "fails" },
      },
    ],
    [
      "discue of the newer model",
      () => discueEmulator({ naming: "alias" }),
      [],
      { prefix: "holds", "create-method": "holds", "message-values": "holds" },
    ],
  ])("writes into places of its own where it may: %s", async (name, make, options, expected) => {
    const port = options.includes("--url") ? String(await freePort()) : "0";
    const address = options.includes("--url")
      ? ["--url", `http://127.0.0.1:${port}/`, "--port", port]
      : [];
    const more: Readonly<Record<string, string>> = name.includes("newer")
      ? { DISCUE_NAMING: "alias" }
      : {};

    const { code, byId } = await probe(make(), ["--write", ...address], 3, more);

    expect(byId).toMatchObject(expected);
    expect(code).toBe(Object.values(expected).includes("fails") ? 1 : 0);
  });

  it("leaves nothing behind where it can be deleted", async () => {
    const emulator = workatoEmulator({ requestsPerMinute: Number.POSITIVE_INFINITY });
    const { connection } = await probe(emulator, ["--write"]);

    const reply = await fetch(`${connection["apiUrl"]}/event_streams/topics`, {
      headers: { authorization: `Bearer ${connection["token"]}` },
    });

    expect(await reply.json()).toMatchObject({ count: 1, data: [{ name: "orders" }] });
  });

  it("tells a person what to do where one fails, in 80 columns", async () => {
    const provider = providers["kekker"];
    if (!provider) throw new Error("no kekker");
    const made = kekkerEmulator({ assumptions: { resetZones: ["Z"] } });
    const { environment } = await emulated(provider, made);

    const { code, written } = start("probe kekker --write --fixtures", { environment });

    expect(await code).toBe(1);
    expect(written.out).toContain("fails  reset-zone\n");
    expect(written.out).toContain("do: set resetZone");
    expect(written.out).toMatch(/\d+ hold, 1 fail, \d+ are open/);
    const long = written.out.split("\n").filter((line) => line.length > 80);
    expect(long.filter((line) => line.trim().includes(" "))).toEqual([]);
  });
});

describe("a masked answer", () => {
  it("has the form of the true one, and no value of it", () => {
    const answer = {
      events: [{ id: "Ab-12", type: "DealCreated", time: "2026-01-02T03:04:05Z", n: 1234567 }],
      access_token: "s3cret",
      total: 12,
      none: null,
    };

    expect(mask(answer)).toEqual({
      events: [{ id: "Aa-00", type: "DealCreated", time: "2026-01-02T03:04:05Z", n: 1234000 }],
      access_token: "***",
      total: 12,
      none: null,
    });
  });
});
