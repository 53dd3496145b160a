import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { identityOf } from "../../../src/core/identity.ts";
import type { FullStoreSet } from "../../../src/core/stores.ts";
import { encodePlace } from "../../../src/feeds/cursor/place.ts";
import { drain } from "../../../src/index.ts";
import { memoryFeed, testEvent } from "../../../src/testing/index.ts";
import { freshPrefix, onServer, postgresHint, postgresUrl } from "../../stores/servers.ts";
import { driver } from "../../stores/sqlite-drivers.ts";
import { start } from "../support.ts";

const key = { consumer: "billing", feed: "orders" };
const place = "--consumer billing --feed orders";

const eventOf = (id: string, source = "/orders") =>
  ({ specversion: "1.0", id, source, type: "placed", data: { id } }) as const;

const letterOf = (id: string, source?: string) => ({
  ...key,
  identity: identityOf(eventOf(id, source)),
  event: eventOf(id, source),
  raw: { id },
  reason: "failed 5 times: Error: no stock",
  attempts: 5,
  failedAt: "2026-11-02T10:00:00.000Z",
});

interface Side {
  /** The words that name the state. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly stores: FullStoreSet;
}

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), "ackloop-commands-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function sqliteSide(): Promise<Side> {
  const file = join(folderOf(), "state.db");
  const stores = driver.stores(file);
  onTestFinished(() => stores.close());
  await stores.cursors.load(key);
  return { words: ["--state", file], environment: {}, stores };
}

async function postgresSide(): Promise<Side> {
  const prefix = freshPrefix();
  const { stores, close } = await onServer({ prefix });
  onTestFinished(() => close());
  const environment = { ACKLOOP_DATABASE_URL: postgresUrl ?? "" };
  return { words: ["--prefix", prefix], environment, stores };
}

/** Runs a line to its end. */
async function ran({ words, environment }: Pick<Side, "words" | "environment">, ...line: string[]) {
  const [first = "", ...rest] = line;
  const all = [...first.split(" ").filter(Boolean), ...words, ...rest];
  const { code, written } = start(all, { environment });
  return { code: await code, ...written };
}

/** Each line of what was written, as JSON. */
const jsonOf = ({ out }: { readonly out: string }): readonly Record<string, unknown>[] =>
  out.trim() === ""
    ? []
    : out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));

const databases = [
  ["SQLite", sqliteSide, true, ""],
  ["PostgreSQL", postgresSide, postgresUrl !== undefined, postgresHint],
] as const;

for (const [name, open, isThere, hint] of databases) {
  describe.skipIf(!isThere)(
    `the commands of the state, on ${name}${hint}`,
    { timeout: 60_000 },
    () => {
      it("list every consumer and feed with letters, and the letters of one", async () => {
        const side = await open();
        const { deadLetters } = side.stores;
        expect(await ran(side, "dead-letters list")).toEqual({
          code: 0,
          out: "no dead letters\n",
          err: "",
        });
        for (const id of ["1", "2", "3"]) await deadLetters.put(letterOf(id));
        await deadLetters.put({ ...letterOf("4"), consumer: "audit" });

        const places = await ran(side, "dead-letters list");
        const asJson = await ran(side, "dead-letters list --json");
        const letters = await ran(side, `dead-letters list ${place} --limit 2`);

        expect(places.out).toBe(
          [
            "CONSUMER  FEED    LETTERS  OLDEST            SKIPS",
            "audit     orders  1        2026-11-02 10:00  0",
            "billing   orders  3        2026-11-02 10:00  0",
            "",
          ].join("\n"),
        );
        expect(jsonOf(asJson)).toMatchObject([{ consumer: "audit", letters: 1 }, { letters: 3 }]);
        expect(letters.out).toContain(
          "1   placed  5      2026-11-02 10:00  failed 5 times: Error: no stock",
        );
        expect(letters.out).not.toContain("\n3 ");
        expect(letters.err).toContain("there are more: --limit shows them");
        for (const { out } of [places, letters]) {
          expect(out.split("\n").every((line) => line.length <= 80)).toBe(true);
        }
      });

      it("list names whole that the next command asks for, however long", async () => {
        const side = await open();
        const { deadLetters, inbox } = side.stores;
        const feed = "tiki/queues/b8b5cbbf-6a25-4731-ae0c-5cfc1adf83dd/and/more";
        const source = `/${feed}/of/the/same`;
        await deadLetters.put({ ...letterOf("1"), feed });
        await inbox.add(feed, [{ event: letterOf("1").event, raw: {} }]);
        const where = ["--consumer", "billing", "--feed", feed];
        await ran(side, "skip", ...where, "--source", source, "1");

        const letters = await ran(side, "dead-letters list");
        const inboxes = await ran(side, "inbox stats");
        const skips = await ran(side, "skips", ...where);

        expect(letters.out).toContain(` ${feed} `);
        expect(inboxes.out).toContain(`${feed} `);
        expect(skips.out).toContain(` ${source}\n`);
      });

      it("show, discard and export letters", async () => {
        const side = await open();
        const { deadLetters } = side.stores;
        for (const letter of [letterOf("1"), letterOf("2"), letterOf("2", "/b c")]) {
          await deadLetters.put(letter);
        }

        const shown = await ran(side, `dead-letters show ${place} 1`);
        const unclear = await ran(side, `dead-letters show ${place} 2`);
        const clear = await ran(side, `dead-letters show ${place} --json 2`, "--source", "/b c");
        const none = await ran(side, `dead-letters show ${place} 7`);
        const unsure = await ran(side, `dead-letters discard ${place} 1`);
        const neither = await ran(side, `dead-letters discard ${place} --yes`);
        const file = join(folderOf(), "letters.jsonl");
        const exported = await ran(side, "dead-letters export", "--out", file);
        const again = await ran(side, "dead-letters export", "--out", file);
        const gone = await ran(side, `dead-letters discard ${place} --yes 1`);

        expect(JSON.parse(shown.out)).toEqual(letterOf("1"));
        expect(unclear).toMatchObject({ code: 1, out: "" });
        expect(unclear.err).toContain(
          "the id 2 is that of several sources: /orders, /b c; give the source",
        );
        expect(jsonOf(clear)).toEqual([letterOf("2", "/b c")]);
        expect(none.err).toBe(
          "ackloop: there is no letter of 7 among those of billing and orders\n",
        );
        expect(unsure).toMatchObject({ code: 2 });
        expect(unsure.err).toContain("1 letter is taken off for good: add --yes to do it");
        expect(neither.err).toContain("give an id, or --all");
        expect(exported).toMatchObject({ code: 0, err: "3 letters written\n" });
        expect(
          readFileSync(file, "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line)),
        ).toEqual([letterOf("1"), letterOf("2"), letterOf("2", "/b c")]);
        expect(again).toMatchObject({ code: 1 });
        expect(again.err).toContain("is there already: give another one to --out");
        expect(gone.out).toBe("1 taken off\n");
        expect((await deadLetters.list(key)).letters).toHaveLength(2);
        expect(await ran(side, `dead-letters discard ${place} --all --yes`)).toMatchObject({
          code: 0,
          out: "2 taken off\n",
        });
        expect((await deadLetters.list(key)).letters).toEqual([]);
        expect(await ran(side, `dead-letters discard ${place} --all --yes`)).toMatchObject({
          code: 1,
        });
      });

      it("mask what they show of letters and of an inbox, and find nothing of it", async () => {
        const side = await open();
        const { deadLetters, inbox } = side.stores;
        const event = { ...eventOf("1"), data: { email: "ann@example.org" } };
        const reason = "no ann@example.org";
        await deadLetters.put({ ...letterOf("1"), event, raw: event.data, reason });
        await inbox.add("hooks", [{ event, raw: event.data }]);
        const redact = ["--redact", "email"];

        const shown = [
          await ran(side, `dead-letters list ${place}`, ...redact),
          await ran(side, `dead-letters list ${place} --json`, ...redact),
          await ran(side, `dead-letters show ${place} 1`, ...redact),
          await ran(side, `dead-letters show ${place} 1 --json`, ...redact),
          await ran(side, "dead-letters export", ...redact),
          await ran(side, "inbox stats --json", ...redact),
        ];
        const found = await ran(side, `dead-letters list ${place} --search ann@`, ...redact);

        for (const { code, out } of shown) {
          expect(code).toBe(0);
          expect(out).toContain("[masked]");
          expect(out).not.toContain("ann@");
        }
        expect(jsonOf(shown[3] ?? found)).toMatchObject([{ ...key, identity: "/orders 1" }]);
        expect(found.out).toBe("no dead letters of billing and orders\n");
      });

      it("redrive letters through a command, which says with its code what is done", async () => {
        const side = await open();
        const { deadLetters } = side.stores;
        for (const id of ["1", "2", "3"]) await deadLetters.put(letterOf(id));
        const seen = join(folderOf(), "seen");
        const command = `cat > "${seen}.$$"; cat "${seen}.$$" >> "${seen}"; if grep -q '"id":"2"' "${seen}.$$"; then echo no stock >&2; exit 3; fi`;

        const redriven = await ran(side, `dead-letters redrive ${place}`, "--exec", command);
        const { letters } = await deadLetters.list(key);
        const one = await ran(
          side,
          `dead-letters redrive ${place} --json 2`,
          "--exec",
          "cat > /dev/null",
        );
        const none = await ran(side, `dead-letters redrive ${place}`, "--exec", "true");

        expect(redriven).toMatchObject({ code: 1, out: "2 done, 1 failed again and stay\n" });
        expect(
          readFileSync(seen, "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line)),
        ).toEqual(["1", "2", "3"].map((id) => eventOf(id)));
        expect(letters).toMatchObject([{ event: { id: "2" }, attempts: 6 }]);
        expect(letters[0]?.reason).toContain("the command ended with 3: no stock");
        expect(jsonOf(one)).toEqual([{ found: 1, done: 1, failed: 0, unsettled: 0, elsewhere: 0 }]);
        expect(one.code).toBe(0);
        expect(none).toMatchObject({ code: 1 });
        expect(none.err).toContain("there are no letters of billing and orders");
      });

      it("redrive each letter once where two do it at a time, and lose none", async () => {
        const side = await open();
        const { deadLetters } = side.stores;
        const ids = Array.from({ length: 12 }, (_, number) => `${number}`);
        for (const id of ids) await deadLetters.put(letterOf(id));
        const seen = join(folderOf(), "seen");
        const command = `cat >> "${seen}"; sleep 0.05`;
        const both = () => ran(side, `dead-letters redrive ${place} --json`, "--exec", command);

        const said = await Promise.all([both(), both()]);

        const lines = readFileSync(seen, "utf8").trim().split("\n");
        expect(lines.map((line) => JSON.parse(line).id).toSorted()).toEqual(ids.toSorted());
        const counts = said.flatMap(jsonOf) as { done: number; elsewhere: number; found: number }[];
        expect(counts.reduce((all, { done }) => all + done, 0)).toBe(12);
        for (const { found, done, elsewhere } of counts) expect(done + elsewhere).toBe(found);
        expect((await deadLetters.list(key)).letters).toEqual([]);
      });

      it("skip an event that halts its run at the start, from its message, and take a skip back", async () => {
        const side = await open();
        const { deadLetters, inbox } = side.stores;
        const feed = memoryFeed({ name: "orders" });
        feed.publish(testEvent("it's"), testEvent("good"));
        const handlers = () => {};
        const poison = { ...feed, events: { other: { "~standard": {} } as never } };
        const options = { deadLetters, consumer: "billing", unprocessable: "halt" as const };
        const failed = await drain(poison, handlers, options).catch((error) => error);
        expect(failed).toMatchObject({ code: "halted" });
        const [, line = ""] = /ackloop (skip .*)$/.exec(failed.message) ?? [];
        // As a shell reads it.
        const words = line.split(" ").map((word) => (word === "'it'\\''s'" ? "it's" : word));

        const told = await ran(side, words[0] ?? "", ...words.slice(1));
        const listed = await ran(side, `skips ${place} --json`);
        const summary = await drain(feed, handlers, options);

        expect(told).toMatchObject({ code: 0, err: "" });
        expect(told.out).toBe(
          "the event it's of /memory is set aside by the next run, or after `run.reload()`\n",
        );
        expect(jsonOf(listed)).toMatchObject([{ ...key, id: "it's", source: "/memory" }]);
        expect(summary).toMatchObject({ deadLettered: 1, handled: 1 });
        expect((await ran(side, `skips ${place}`)).out).toBe("nothing of billing and orders\n");

        await deadLetters.put(letterOf("5"));
        await deadLetters.put(letterOf("5", "/b"));
        await inbox.add("orders", [{ event: eventOf("9", "/in"), raw: 1 }]);
        const two = await ran(side, `skip ${place} 5`);
        const unknown = await ran(side, `skip ${place} 6`);
        const ofInbox = await ran(side, `skip ${place} 9`);
        const content = await ran(side, `skip ${place} sha256:${"a".repeat(64)}`);
        const back = await ran(side, `unskip ${place} 9`);

        expect(two).toMatchObject({ code: 1 });
        expect(two.err).toContain(
          "the id 5 is that of several sources: /orders, /b; give the source",
        );
        expect(unknown.err).toContain(
          "no event 6 of billing and orders is known here: give its source",
        );
        expect(unknown.err).toContain("/memory, /orders, /b, /in");
        expect(ofInbox.out).toContain("the event 9 of /in is set aside");
        expect(content.code).toBe(0);
        expect(back.out).toBe("the event 9 of /in is not skipped any more\n");
        expect((await deadLetters.skips(key)).items.map(({ identity }) => identity)).toEqual([
          `%nameless sha256 ${"a".repeat(64)}`,
        ]);
        expect(jsonOf(await ran(side, "dead-letters list --json"))).toMatchObject([{ skips: 1 }]);
      });

      it("list, show, set and rewind cursors", async () => {
        const side = await open();
        const { cursors } = side.stores;
        const time = "2026-11-02T10:00:00.000Z";
        const after = { position: "m7", time };
        await cursors.save(key, encodePlace({ place: { after }, run: "r", sequence: 3 }), 0);
        await cursors.save({ consumer: "deals", feed: "list/prod" }, "2026-11-01T00:00:00", 0);

        const listed = await ran(side, "cursors list");
        const asJson = await ran(side, "cursors list --json --consumer billing");
        const unsure = await ran(side, `cursors rewind ${place} --to 2026-11-02T08:00:00Z`);
        const onward = await ran(side, `cursors rewind ${place} --to 2026-11-02T11:00:00Z --yes`);
        const future = await ran(side, `cursors rewind ${place} --to 2999-01-01 --yes`);
        const other = await ran(
          side,
          "cursors rewind --consumer deals --feed list/prod --to 2026-10-01 --yes",
        );
        const none = await ran(side, "cursors show --consumer a --feed b");
        const odd = await ran(side, `cursors rewind ${place} --to yesterday`);
        const before = await cursors.load(key);
        const rewound = await ran(side, `cursors rewind ${place} --to 2026-11-02T08:00:00Z --yes`);
        const shown = await ran(side, `cursors show ${place} --json`);
        const set = await ran(
          side,
          "cursors set --consumer deals --feed list/prod --yes 2026-10-01T00:00:00",
        );

        expect(listed.out).toContain(`billing   orders     1      ${time}  m7`);
        expect(listed.out).toContain("deals     list/prod  1");
        expect(listed.out.split("\n").every((line) => line.length <= 80)).toBe(true);
        expect(jsonOf(asJson)).toMatchObject([{ ...key, revision: 1, position: "m7", time }]);
        expect(unsure).toMatchObject({ code: 2 });
        expect(onward.err).toContain("events in between would never come");
        expect(future.err).toContain("is to come");
        expect(other.err).toContain("is no place that can be moved to a time");
        expect(none).toMatchObject({ code: 1, err: "ackloop: no place is saved for a and b\n" });
        expect(odd).toMatchObject({ code: 2 });
        expect(before?.revision).toBe(1);
        expect(rewound).toMatchObject({ code: 0 });
        expect(rewound.out).toContain("orders is read again from 2026-11-02T08:00:00.000Z on");
        expect(jsonOf(shown)).toMatchObject([{ revision: 2, time: "2026-11-02T08:00:00.000Z" }]);
        expect(set.out).toBe("saved; before it was 2026-11-01T00:00:00\n");
        expect(await cursors.load({ consumer: "deals", feed: "list/prod" })).toEqual({
          value: "2026-10-01T00:00:00",
          revision: 2,
        });
      });

      it("list leases, and end one of a process that is dead", async () => {
        const side = await open();
        const { leases } = side.stores;
        await leases.acquire(key, "host-1:4711", 3_600_000);

        const listed = await ran(side, "leases list");
        const unsure = await ran(side, `leases release ${place}`);
        const released = await ran(side, `leases release ${place} --yes`);
        const again = await ran(side, `leases release ${place} --yes`);
        const none = await ran(side, "leases release --consumer a --feed b --yes");
        const taken = await leases.acquire(key, "host-2", 1000);

        expect(listed.out).toMatch(/billing {3}orders {2}1 {6}(1 h|60 min) +host-1:4711/);
        expect(unsure).toMatchObject({ code: 2 });
        expect(unsure.err).toContain("the lease of host-1:4711");
        expect(released.out).toBe("the lease of host-1:4711 is ended\n");
        expect(again.out).toBe("the lease has ended already\n");
        expect(none).toMatchObject({ code: 1 });
        expect(taken).toEqual({ status: "held", fence: 2 });
      });

      it("list inboxes and their entries, and skip one that waits", async () => {
        const side = await open();
        const { inbox, deadLetters } = side.stores;
        await inbox.add("hooks", [
          { event: eventOf("1"), raw: 1 },
          { event: eventOf("2"), raw: 2 },
          { raw: "<x>", unreadable: { message: "no JSON" } },
        ]);
        await inbox.claim("hooks", 1, 600_000);
        const secret = { ...eventOf("4"), data: { email: "ann@example.org" } };
        await inbox.add("later", [{ event: secret, raw: 4 }]);
        const [claim] = await inbox.claim("later", 1, 600_000);
        await inbox.release("later", [claim?.token ?? ""], 120_000);

        const stats = await ran(side, "inbox stats --inbox hooks");
        const entries = await ran(side, "inbox list --inbox hooks");
        const empty = await ran(side, "inbox list --inbox other");
        const later = await ran(side, "inbox list --inbox later");
        const found = await ran(side, "inbox list --inbox hooks --json --search placed");
        const masked = await ran(side, "inbox list --inbox later --json --redact email");
        const hidden = await ran(side, "inbox list --inbox later --redact email --search ann@");
        const skipped = await ran(side, "inbox skip --inbox hooks --consumer billing 2");
        const none = await ran(side, "inbox skip --inbox hooks --consumer billing 7");

        expect(stats.out).toContain("hooks  2        1     1       1");
        expect(entries.out).toMatch(/2 +placed +0 +waits +\/orders/);
        expect(entries.out).toMatch(/unreadable +0 +waits +no JSON/);
        expect(entries.out).toMatch(/1 +placed +1 +held 10 min +\/orders/);
        expect(empty.out).toBe("nothing waits in other\n");
        expect(later.out).toMatch(/4 +placed +1 +later, in 2 min +\/orders/);
        expect(jsonOf(found)).toMatchObject([{ event: { id: "1" } }, { event: { id: "2" } }]);
        expect(jsonOf(masked)).toMatchObject([
          { event: { data: { email: "[masked]" } }, attempts: 1, isGivenBack: true },
        ]);
        expect(hidden.out).toBe("there is no such entry in later\n");
        expect(skipped.code).toBe(0);
        expect(none).toMatchObject({ code: 1, err: "ackloop: no entry 7 waits in hooks\n" });
        const { items } = await deadLetters.skips({ consumer: "billing", feed: "hooks" });
        expect(items).toMatchObject([{ identity: "/orders 2" }]);
      });
    },
  );
}

describe("the commands of the state", () => {
  it.each([
    "dead-letters list",
    "dead-letters show",
    "dead-letters redrive",
    "dead-letters discard",
    "dead-letters export",
    "cursors list",
    "cursors show",
    "cursors set",
    "cursors rewind",
    "leases list",
    "leases release",
    "inbox list",
    "inbox stats",
    "inbox skip",
    "skip",
    "skips",
    "unskip",
  ])("`%s --help` has examples, in 80 columns", async (line) => {
    const { code, out } = await ran({ words: [], environment: {} }, `${line} --help`);

    expect(code).toBe(0);
    expect(out).toContain(`Examples\n  # `);
    expect(out).toContain(`  ackloop ${line}`);
    expect(out.split("\n").filter((each) => each.length > 80)).toEqual([]);
  });

  it.each([
    ["dead-letters list", 2, "say where the state is: --state <file>, --database, or"],
    ["dead-letters lst", 2, 'there is no command "dead-letters lst"'],
    ["dead-letters show --state a.db 1", 2, "give --consumer"],
    ["cursors list --state /nowhere/at/all.db", 1, "there is no file /nowhere/at/all.db"],
    [
      "inbox list --inbox a --redact data.email",
      2,
      "--redact must be names, such as email, and paths",
    ],
    ["dead-letters export --redact a,,b", 2, "--redact must be names"],
    ["emulate --redact data.email", 2, "--redact must be names"],
    ["leases list --database mysql://db/x", 2, "the address of the database must be like"],
  ])("say in one sentence what is wrong with `%s`", async (line, code, text) => {
    const result = await ran({ words: [], environment: {} }, line);

    expect(result).toMatchObject({ code, out: "" });
    expect(result.err).toContain(text);
    expect(result.err).not.toContain("    at ");
  });

  it("say so where they are stopped with a part of the letters", async () => {
    const side = await sqliteSide();
    for (const id of ["1", "2", "3"]) await side.stores.deadLetters.put(letterOf(id));
    const words = `dead-letters discard ${place} --all --yes`.split(" ");

    const { code, written, stop } = start([...words, ...side.words]);
    stop();

    expect(await code).toBe(1);
    expect(written.out).toMatch(/^\d taken off\n$/);
    expect(written.err).toMatch(/^ackloop: stopped: \d of the letters stay\n$/);
    const redrive = start([
      ...`dead-letters redrive ${place} --exec true`.split(" "),
      ...side.words,
    ]);
    redrive.stop();
    expect(await redrive.code).toBe(1);
    expect(redrive.written.err).not.toContain("there are no letters");
  });

  it("wait for who reads the letters slowly", async () => {
    const side = await sqliteSide();
    for (const id of ["1", "2", "3"]) await side.stores.deadLetters.put(letterOf(id));
    const waits: (() => void)[] = [];
    const flush = () => new Promise<void>((resolve) => waits.push(resolve));

    const { written, code } = start(["dead-letters", "export", ...side.words], { flush });
    await vi.waitFor(() => expect(waits).toHaveLength(1));
    const lines = written.out.trim().split("\n").length;
    const timer = setInterval(() => waits.shift()?.(), 1);

    expect(await code).toBe(0);
    clearInterval(timer);
    expect(lines).toBe(1);
    expect(written.out.trim().split("\n")).toHaveLength(3);
  });

  it("leave a file alone that is none, and a database that is another's", async () => {
    const notes = join(folderOf(), "notes.txt");
    writeFileSync(notes, "these are my notes, and no database at all");
    const foreign = join(folderOf(), "app.db");
    const database = driver.open(foreign);
    database.exec("create table orders (id integer)");

    const text = await ran({ words: ["--state", notes], environment: {} }, "dead-letters list");
    const other = await ran({ words: ["--state", foreign], environment: {} }, "dead-letters list");
    const tables = database.prepare("select name from sqlite_master").all();
    database.close();

    expect(text).toMatchObject({ code: 1, out: "" });
    expect(text.err).toBe(`ackloop: ${notes} is no SQLite file, and was left as it is\n`);
    expect(other).toMatchObject({ code: 1, out: "" });
    expect(other.err).toContain(`${foreign} holds no state of ackloop: give the file`);
    expect(tables).toHaveLength(1);
    expect(existsSync(`${notes}-wal`)).toBe(false);
  });
});
