import { vi } from "vitest";
import type { Feed } from "../../src/core/feed.ts";
import type { Receiver } from "../../src/core/receiver.ts";
import type { Flight } from "../../src/http/flight.ts";
import type * as tokenModule from "../../src/http/token.ts";
import type * as consumeModule from "../../src/loop/consume.ts";
import type * as keepingModule from "../../src/loop/engine/keeping.ts";
import type * as leaseModule from "../../src/loop/engine/lease.ts";
import type * as webhookModule from "../../src/loop/webhook.ts";
import { testEvent } from "../../src/testing/index.ts";
import type { Patch } from "../simulation/bundle.ts";

/** A call to somebody else, and what shows that it goes through the guard. */
interface Site {
  readonly name: string;
  /** The module that is tried. */
  readonly module: string;
  /** The same call, awaited as it is. */
  readonly bypass: Patch;
  /** True where the call is guarded. */
  readonly isGuarded: (module: never) => Promise<boolean>;
}

const never = (): Promise<never> => new Promise(() => {});

/** Whether something has come to an end once an hour is over. */
async function endsIn(work: PromiseLike<unknown>): Promise<boolean> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  work.then(end, end);
  await vi.advanceTimersByTimeAsync(3_600_000);
  return isOver;
}

const engine = (name: string): string => `src/loop/engine/${name}.ts`;

const quiet = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

/** A feed with two events: what no handler was started with is given back when the run stops. */
function feedOf(parts: Partial<Feed>): Feed {
  const page = ["1", "2"].map((id) => ({ event: testEvent(id), raw: {}, receipt: id }));
  const feed = {
    name: "site/feed",
    acks: "individual",
    pulls: "onward",
    pull: vi.fn().mockResolvedValueOnce(page).mockResolvedValue([]),
    ack: async (receipts: readonly unknown[]) => receipts.map(() => ({ status: "acked" })),
    ...parts,
  };
  return feed as unknown as Feed;
}

const leaseParts = (store: object) => ({
  lease: { store, leaseMs: 3000, holder: "site" },
  callTimeoutMs: 1000,
  key: { consumer: "site", feed: "site/feed" },
  tell: undefined,
  onLost: () => {},
  onHeld: () => {},
});

/** Those that the runs of drawn feeds do not find: see test/simulation/planted-drawn.ts for the others. */
export const guardSites: readonly Site[] = [
  {
    name: "the receiver of a webhook",
    module: "src/loop/webhook.ts",
    bypass: {
      file: "src/core/intake.ts",
      find: "const answer = await askLate(asking, (own) => this.#read(request, own));",
      replace:
        'const answer: any = { kind: "answered", value: await this.#read(request, asking as never) };',
    },
    async isGuarded({ webhook }: typeof webhookModule) {
      const receiver = {
        name: "site",
        receive: () => Promise.reject(undefined),
        accept: () => new Response(),
        defer: () => new Response(undefined, { status: 503 }),
      } as unknown as Receiver;
      const request = new Request("https://site.test/");
      const answer = webhook(receiver, () => {}, { logger: false })(request);
      return answer.then(({ status }) => status === 503).catch(() => false);
    },
  },
  {
    name: "a token that never comes",
    module: "src/http/token.ts",
    bypass: {
      file: "src/http/token.ts",
      find: "const answer = await ask(asking, () => given);",
      replace: 'const answer: any = { kind: "answered", value: await given, asking };',
    },
    async isGuarded({ createCredential }: typeof tokenModule) {
      const credential = createCredential("site", never, async () => undefined as never);
      return endsIn((credential.current() as Flight<string>).join(undefined));
    },
  },
  {
    name: "a finish in the handler's transaction",
    module: engine("keeping"),
    bypass: {
      file: engine("keeping"),
      find: `const answer = await ask({ ...asking, signal: this.#parts.quit }, (signal) =>
      dedupe.store.finish(this.#key(entry), mark.text, { retentionMs, transaction, signal }),
    );`,
      replace:
        'const answer: any = { kind: "answered", value: await dedupe.store.finish(this.#key(entry), mark.text, { retentionMs, transaction, ...asking }) };',
    },
    async isGuarded({ Keeping }: typeof keepingModule) {
      const dedupe = { store: { finish: never }, markMs: 1000, retentionMs: 1000 };
      const retry = { attempts: 1, minMs: 1, maxMs: 1 };
      const settings = { dedupe, callTimeoutMs: 1000, consumer: "site", retry };
      const quit = new AbortController().signal;
      const parts = { feed: "site/feed", settings, log: quiet, tell: undefined, quit };
      const entry = { identity: "site", mark: { text: "mark", untilMono: 1e9, untilWall: 1e15 } };
      return endsIn(new Keeping(parts as never).finishIn(entry as never, {}));
    },
  },
  {
    name: "a nack",
    module: "src/loop/consume.ts",
    bypass: {
      file: engine("leaving"),
      find: "const answer = await ask(asking, (signal) => feed.nack?.(receipts, { signal }));",
      replace:
        'const answer: any = { kind: "answered", value: await feed.nack?.(receipts, { signal: asking.signal }) };',
    },
    async isGuarded({ consume }: typeof consumeModule) {
      const warn = vi.fn();
      const nack = (): never => {
        throw new Error("away");
      };
      const run = consume(feedOf({ nack } as Partial<Feed>), never, {
        logger: { ...quiet, warn },
        concurrency: 1,
      });
      await vi.advanceTimersByTimeAsync(10);
      const ended = run.stop({ withinMs: 0 });
      await endsIn(ended);
      return warn.mock.calls.length > 0;
    },
  },
  {
    name: "the release of a lease",
    module: engine("lease"),
    bypass: {
      file: engine("lease"),
      find: "const answer = await ask(asking, (signal) => lease.store.release(key, fence, { signal }));",
      replace:
        'const answer: any = { kind: "answered", value: await lease.store.release(key, fence, asking) };',
    },
    async isGuarded({ LeaseGuard }: typeof leaseModule) {
      const store = { acquire: async () => ({ status: "held", fence: 1 }), release: never };
      const guard = new LeaseGuard(leaseParts(store) as never);
      await guard.acquire(new AbortController().signal);
      return endsIn(guard.release());
    },
  },
  {
    name: "a logger that is async",
    module: "src/loop/engine/report.ts",
    bypass: {
      file: engine("report"),
      find: "notify(() => logger[level](line, { ...who, ...details }));",
      replace: "logger[level](line, { ...who, ...details });",
    },
    async isGuarded({ toLog }: never) {
      const warn = (): never => {
        throw new Error("no disk");
      };
      try {
        (toLog as (logger: object, who: object) => typeof quiet)(
          { ...quiet, warn },
          { feed: "site" },
        ).warn("site");
        return true;
      } catch {
        return false;
      }
    },
  },
];
