import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { drain } from "../../../src/index.ts";
import { rewind } from "../../../src/inspector/cursors.ts";
import { world } from "./support.ts";

const options = { idle: { minDelayMs: 10, maxDelayMs: 20 } };

it("a place that is rewound to a time brings what came from then on again, and nothing older", async () => {
  const { feed, publish, emulator, topicId, cursors, key } = world();
  const handled: string[] = [];
  const handle = ({ id }: { readonly id: string }) => void handled.push(id);
  publish(3);
  await drain(feed(), handle, options);
  await wait(20);
  const time = Date.now();
  await wait(20);
  publish(4);
  await drain(feed(), handle, options);
  const published = emulator.journal.publishedIds(String(topicId));
  expect(handled).toEqual(published);

  const { from, save } = await rewind(cursors, key, time);
  await save();
  await drain(feed(), handle, options);

  expect(from.position).toBe(published.at(-1));
  expect(handled.slice(7)).toEqual(published.slice(3));
});

it("a run at work ends with a conflict where its place is rewound", async () => {
  const { feed, publish, cursors, key } = world();
  publish(2);
  const run = drain(
    feed(),
    async () => {
      const { save } = await rewind(cursors, key, Date.now() - 60_000);
      await save();
    },
    { ...options, shutdownTimeoutMs: 50 },
  );

  await expect(run).rejects.toMatchObject({ code: "conflict" });
});
