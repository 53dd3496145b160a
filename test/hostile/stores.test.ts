import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import { toPage } from "../../src/core/feed.ts";
import type { StoreSet } from "../../src/core/stores.ts";
import { workato } from "../../src/providers/workato/index.ts";
import { fileStores, inboxFeed, memoryStores, sqlStores } from "../../src/stores/index.ts";
import { answering, endsWell, holds, spoiltBytes, spoiltText } from "./support.ts";

const key = { consumer: "billing", feed: "orders" };
const event = { specversion: "1.0", id: "e", source: "/s", type: "T", data: { a: 1 } } as const;
const letter = {
  ...key,
  identity: "/s e",
  event,
  raw: 1,
  reason: "failed",
  attempts: 1,
  failedAt: "",
};

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Every file that holds what was written, by its path. */
async function filledStores(): Promise<{ folder: string; files: readonly string[] }> {
  const folder = await mkdtemp(`${tmpdir()}/ackloop-hostile-`);
  folders.push(folder);
  const { cursors, deadLetters, dedupe, leases, inbox } = fileStores(folder);
  await cursors.save(key, "place", 0);
  await deadLetters.put(letter);
  await dedupe.begin({ ...key, identity: "/s e" }, 60_000);
  await leases.acquire(key, "me", 60_000);
  await inbox.add("in", [{ event, raw: 1 }]);
  const names = await readdir(folder, { recursive: true });
  return { folder, files: names.filter((name) => name.endsWith(".json")).sort() };
}

/** Everything that can be asked of stores, each of which must end well. */
async function askAll(stores: StoreSet): Promise<void> {
  const feed = inboxFeed(stores.inbox, "in");
  const { cursors, deadLetters, dedupe, leases } = stores;
  const loaded = await endsWell(() => cursors.load(key));
  if (loaded && !isAckloopError(loaded)) expect(loaded.value).toBeTypeOf("string");
  await endsWell(() => cursors.save(key, "next", 1));
  const page = await endsWell(() => deadLetters.list(key));
  for (const found of isAckloopError(page) ? [] : page.letters) {
    expect(found).toMatchObject({ identity: expect.any(String), attempts: expect.any(Number) });
  }
  await endsWell(() => deadLetters.get(letter));
  await endsWell(() => deadLetters.put(letter));
  await endsWell(() => dedupe.begin({ ...key, identity: "/s e" }, 1));
  await endsWell(() => leases.acquire(key, "you", 1));
  const pulled = await endsWell(() => feed.pull());
  for (const delivery of isAckloopError(pulled) ? [] : toPage(pulled).deliveries) {
    if (delivery.event === undefined) expect(isAckloopError(delivery.unreadable)).toBe(true);
    else expect(delivery.event.id).toBeTypeOf("string");
  }
  await endsWell(() => deadLetters.remove(letter));
}

describe("a file of the stores that somebody has damaged", () => {
  it("is read as what it says, or is a typed error, and touches no other file", async () => {
    const { folder, files } = await filledStores();
    const documents = await Promise.all(
      files.map(async (file) => JSON.parse(await readFile(`${folder}/${file}`, "utf8"))),
    );
    const damages = fc
      .nat({ max: files.length - 1 })
      .chain((at) => spoiltBytes(documents[at]).map((bytes) => ({ at, bytes })));
    expect(files).toHaveLength(7);

    await holds(
      damages,
      async ({ at, bytes }) => {
        const { folder: fresh, files: own } = await filledStores();
        await writeFile(`${fresh}/${own[at]}`, bytes);

        await askAll(fileStores(fresh));
      },
      60,
    );
  });

  it("cannot name a file outside of the folder", async () => {
    const { folder, files } = await filledStores();
    const outside = `${folder}/outside`;
    await writeFile(`${outside}.json`, JSON.stringify(letter));
    const index = files.find((file) => /dead-letters\/[^/]+-[0-9a-f]+\/1\./.test(file)) ?? "";
    const written = JSON.parse(await readFile(`${folder}/${index}`, "utf8"));
    written.state.letters[0][2] = "../../outside";
    await writeFile(`${folder}/${index}`, JSON.stringify(written));
    const { deadLetters } = fileStores(folder);

    const removed = await endsWell(() => deadLetters.remove(letter));

    expect(removed).toMatchObject({ code: "schema", provider: "stores" });
    expect(await readFile(`${outside}.json`, "utf8")).toContain("billing");
  });

  it("hides no other entry of an inbox", async () => {
    const { folder, files } = await filledStores();
    const { inbox } = fileStores(folder);
    await inbox.add("in", [{ event: { ...event, id: "good" }, raw: 2 }]);
    const entry = files.find((file) => file.includes("-texts/") && file.startsWith("inbox")) ?? "";
    await writeFile(`${folder}/${entry}`, "null");

    const { deliveries } = toPage(await inboxFeed(inbox, "in").pull());

    expect(deliveries.map((delivery) => delivery.event?.id ?? delivery.unreadable?.code)).toEqual([
      "schema",
      "good",
    ]);
  });
});

describe("a row of the sql stores that somebody has damaged", () => {
  it("is read as what it says, or is a typed error", async () => {
    const row = fc.record({
      value: spoiltText("place"),
      letter: spoiltText(letter),
      entry: spoiltText({ event, raw: 1 }),
      revision: fc.constantFrom("1", "x", "", "1e999"),
    });

    await holds(row, async (found) => {
      const database = {
        query: async (text: string) => ({
          rows: text.includes("version")
            ? [{ version: "1", ...found }]
            : [{ place: "1", ...found }],
        }),
      };

      await askAll(sqlStores(database));
    });
  });
});

describe("a stored place of Workato's that somebody has damaged", () => {
  const saved = {
    version: 1,
    id: "m",
    time: "2023-04-14T15:07:14.437+00:00",
    run: "r",
    sequence: 1,
    checkedAt: 0,
  };

  it.each(["halt", "oldest", "fromTime"] as const)(
    "is a place or a typed error, also when the message is unknown: %s",
    async (onCursorExpired) => {
      const answers = fc.constantFrom([200, '{"messages":[]}'], [400, "{}"], [404, "{}"]);

      await holds(fc.tuple(spoiltText(saved), answers), async ([value, [status, body]]) => {
        const { cursors } = memoryStores();
        const fetch = answering(String(body), { status: Number(status) });
        const client = workato({ token: "t", requestsPerMinute: Number.POSITIVE_INFINITY, fetch });
        const feed = client.feed(1, { cursor: cursors, consumer: "c", onCursorExpired });
        await cursors.save({ consumer: "c", feed: feed.name }, value, 0);

        await endsWell(() => feed.pull());
      });
    },
  );
});
