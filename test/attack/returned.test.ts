import { afterEach, expect, it } from "vitest";
import { batch } from "../../src/loop/batch.ts";
import { drain } from "../../src/loop/consume.ts";
import { filledFeed } from "../loop/support.ts";

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
afterEach(() => {
  process.off("unhandledRejection", note);
});

// Promise (guarantees: "nothing is acknowledged before its handler is done with it"): `map` without `Promise.all`
// compiles, as a list of promises is an object.
it("acks no event of a batch before the promises that its handler gave for each have settled", async () => {
  const feed = filledFeed(3);
  let saved = 0;
  const save = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    saved += 1;
  };
  const summary = await drain(
    feed,
    batch({ size: 10 }, (events) => events.map(() => save())),
  );

  expect({ acked: summary.acked, saved }).toEqual({ acked: 3, saved: 3 });
});

it("takes a promise in a batch's list that rejects for a failed attempt of its event", async () => {
  process.on("unhandledRejection", note);
  const feed = filledFeed(2);
  let tries = 0;
  await drain(
    feed,
    batch({ size: 10 }, (events) =>
      events.map(async ({ id }) => {
        if (id !== "e1" || ++tries > 1) return;
        throw new Error("not saved");
      }),
    ),
    { retry: { minDelayMs: 10 } },
  );
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect({ tries, unhandled: unhandled.length }).toEqual({ tries: 2, unhandled: 0 });
});

it("acks no event before the promises in the list that its handler gave have settled", async () => {
  const feed = filledFeed(1);
  let saved = 0;
  const summary = await drain(feed, () =>
    [1, 2].map(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      saved += 1;
    }),
  );

  expect({ acked: summary.acked, saved }).toEqual({ acked: 1, saved: 2 });
});

// Compiles: an async generator is an object. Its body is never run, and the event is acked.
it("does not take a generator that nobody has run for done", async () => {
  const feed = filledFeed(1);
  let ran = false;
  await drain(feed, async function* () {
    ran = true;
    yield 1;
  }).catch(() => {});

  expect({ ran, acked: feed.acked.length }).not.toEqual({ ran: false, acked: 1 });
});
