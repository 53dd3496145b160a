import { describe, expect, it } from "vitest";
import type { Emulator } from "../../src/emulator/definition.ts";
import { discueEmulator } from "../../src/emulator/discue.ts";
import { kekkerEmulator } from "../../src/emulator/kekker.ts";
import { tikiEmulator } from "../../src/emulator/tiki.ts";
import { workatoEmulator } from "../../src/emulator/workato.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { clientCredentials, tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { mark, plainMark, Witness } from "./support.ts";

const retry = { attempts: 1 };
const app = {
  clientId: plainMark,
  clientSecret: mark,
  tokenUrl: "https://api.example/sc/oauth2/token",
};
const owned = {
  clientId: "own",
  clientSecret: plainMark,
  kind: "inHouse",
  authentication: "basic",
  redirectUri: "https://me.example",
  scopes: ["all"],
} as const;
const hook = {
  notifyUrl: `https://me.example/?secret=${plainMark}`,
  livenessUrl: "https://me.example",
};

type Case = readonly [
  string,
  Emulator,
  (fetch: typeof globalThis.fetch) => readonly (() => unknown)[],
];

const cases: readonly Case[] = [
  [
    "Tiki",
    tikiEmulator({ apps: [owned] }),
    (fetch) => [
      () => tiki({ token: mark, fetch, retry }).queues.list(),
      () => tiki({ token: clientCredentials(app), fetch, retry }).queues.list(),
      () =>
        tiki({
          token: clientCredentials({ ...app, ...{ clientId: "own", clientSecret: plainMark } }),
          fetch,
          retry,
        }).queues.create({ name: "n" }),
    ],
  ],
  [
    "Kekker",
    kekkerEmulator({ login: "me", password: plainMark }),
    (fetch) => {
      const node = { baseUrl: "https://node.example", channel: "demo-channel", fetch, retry };
      return [
        () => kekker({ ...node, login: "me", password: mark }).events.list(),
        () => kekker({ ...node, login: "me", password: plainMark }).events.list(),
      ];
    },
  ],
  [
    "Workato",
    workatoEmulator(),
    (fetch) => [
      () => workato({ token: mark, fetch, retry }).topics.list(),
      () => workato({ token: plainMark, fetch, retry }).messages.consume(1),
    ],
  ],
  [
    "discue",
    discueEmulator(),
    (fetch) => [
      () => discue({ apiKey: mark, fetch, retry }).queues.list(),
      () =>
        discue({ apiKey: plainMark, fetch, retry }).listeners.create("q", { name: "l", ...hook }),
    ],
  ],
];

describe.each(cases)("the journal of %s's emulator", (_name, emulator, callsOf) => {
  it("holds no credential, of requests let in or refused", async () => {
    const witness = new Witness();

    for (const call of callsOf(emulator.fetch)) await witness.watch(call);
    const { journal, faults } = emulator;
    witness.see(journal.entries());
    witness.see([journal.totals(), journal.publishedIds(), faults.list(), faults.injected()]);

    expect(journal.entries().length).toBeGreaterThan(0);
    witness.expectNothingOf(mark, plainMark);
    await emulator.close();
  });
});
