import { describe, expect, it } from "vitest";
import type { ClientOptions } from "../../src/http/types.ts";
import {
  type DrainOptions,
  drain,
  type Feed,
  type FeedEvent,
  type WebhookOptions,
  webhook,
} from "../../src/index.ts";
import { discue } from "../../src/providers/discue/index.ts";
import { kekker } from "../../src/providers/kekker/index.ts";
import { clientCredentials, tiki } from "../../src/providers/tiki/index.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { inbox, memoryStores } from "../../src/stores/index.ts";
import { failures, mark, plainMark, Witness } from "./support.ts";

const login = { login: "login", password: mark };
const app = { clientId: "id", clientSecret: mark, tokenUrl: "https://token.example" };

const feeds: readonly (readonly [string, (options: ClientOptions) => Feed])[] = [
  ["Tiki", (options) => tiki({ token: mark, ...options }).feed("q")],
  ["Tiki with an app", (options) => tiki({ token: clientCredentials(app), ...options }).feed("q")],
  [
    "Kekker",
    (options) =>
      kekker({ ...options, ...login, baseUrl: "https://node.example", channel: "c" }).feed(),
  ],
  [
    "Workato",
    (options) => {
      const { cursors: cursor } = memoryStores();
      const requestsPerMinute = Number.POSITIVE_INFINITY;
      return workato({ token: mark, requestsPerMinute, ...options }).feed(1, {
        cursor,
        consumer: "c",
      });
    },
  ],
];

/** What a run tells: reports, log lines, dead letters, and the error or the summary at its end. */
async function watchRun(witness: Witness, feed: Feed, more: DrainOptions = {}): Promise<void> {
  const { deadLetters } = memoryStores();
  const key = { consumer: "c", feed: feed.name };
  await witness.watch(async () => {
    const summary = await drain<FeedEvent>(
      feed,
      { other: (event) => witness.see(event) },
      {
        consumer: "c",
        deadLetters,
        logger: witness.logger,
        onReport: witness.see,
        deadline: Date.now() + 400,
        reserveMs: 50,
        idle: { minDelayMs: 50, maxDelayMs: 100 },
        ...more,
      },
    );
    witness.see(summary);
  });
  witness.see(await deadLetters.list(key));
}

describe.each(feeds)("a run over %s", (_name, feedOf) => {
  it("tells no secret, however its pulls fail", async () => {
    const witness = new Witness();

    await Promise.all(
      failures.map(async ([, answer]) => {
        const fetch: typeof globalThis.fetch = async () => answer([mark]);
        const feed = feedOf({ fetch, retry: { attempts: 1 }, logger: witness.logger });
        await watchRun(witness, feed);
      }),
    );

    witness.expectNothingOf(mark);
  });
});

describe("a webhook", () => {
  const url = `https://me.example/hook?secret=${plainMark}`;
  const post = (address: string, body = '{"message":{"id":"m","data":"{}"}}') =>
    new Request(address, { method: "POST", body, headers: { authorization: mark } });

  it("tells no secret of its address", async () => {
    const witness = new Witness();
    const { deadLetters, inbox: store } = memoryStores();
    const receiver = discue({ apiKey: mark }).receiver({ secret: plainMark });
    const options: WebhookOptions = {
      consumer: "c",
      logger: witness.logger,
      onReport: witness.see,
      replyTimeoutMs: 100,
      retry: { attempts: 1 },
    };
    const failing = () => {
      throw new Error("failed");
    };
    const handlers = [
      webhook(receiver, failing, options),
      webhook(receiver, failing, { ...options, deadLetters }),
      webhook(receiver, witness.see, { ...options, unprocessable: "drop" }),
      inbox(store, receiver, { logger: witness.logger }).fetch,
      receiver.feed({ replyTimeoutMs: 50 }).fetch,
    ];

    for (const handle of handlers) {
      for (const request of [post(url), post(`${url}x`), post(url, "\ud800"), post(url, "{")]) {
        await witness.watch(async () => {
          const response = await handle(request);
          witness.see([response.status, [...response.headers], await response.text()]);
        });
      }
      const used = post(url);
      await used.text();
      await witness.watch(() => handle(used));
    }
    witness.see(await deadLetters.list({ consumer: "c", feed: receiver.name }));
    witness.see(await store.claim(receiver.name, 9, 1));

    witness.expectNothingOf(plainMark, mark);
  });

  it("would be seen to tell one", () => {
    const witness = new Witness();
    witness.see({ reports: [{ url }] });

    expect(() => witness.expectNothingOf(plainMark)).toThrow();
  });
});
