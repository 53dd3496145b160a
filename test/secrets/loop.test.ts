import { describe, expect, it } from "vitest";
import {
  type DrainOptions,
  drain,
  type Feed,
  type FeedEvent,
  type WebhookOptions,
  webhook,
} from "../../src/index.ts";
import { inbox, memoryStores } from "../../src/stores/index.ts";
import { profiles } from "../providers/profiles.ts";
import { failures, mark, marks, plainMark, Witness } from "./support.ts";

const secrets = profiles.map((profile) => profile.secrets(marks));
const feeds = secrets.flatMap((each) => each.feeds);
const receivers = secrets.flatMap(({ receiver }) => receiver ?? []);

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

describe.each(receivers)("a webhook", (open) => {
  const url = `https://me.example/hook?secret=${plainMark}`;
  const post = (address: string, body = '{"message":{"id":"m","data":"{}"}}') =>
    new Request(address, { method: "POST", body, headers: { authorization: mark } });

  it("tells no secret of its address", async () => {
    const witness = new Witness();
    const { deadLetters, inbox: store } = memoryStores();
    const receiver = open();
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
