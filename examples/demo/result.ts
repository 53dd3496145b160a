import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sqliteStores } from "ackloop/stores";
import type { Admin } from "./process.ts";
import type { DemoProvider } from "./provider.ts";
import { consumer, type RecordLine, recordFile, storesFile, type Task } from "./task.ts";

/** What became of the events of one provider. */
export interface Result {
  readonly published: number;
  /** Events whose handler finished at least once. */
  readonly handled: number;
  /** Published, and neither handled nor dead-lettered. */
  readonly lost: number;
  /** Times that a handler finished an event again. */
  readonly duplicates: number;
  readonly deadLettered: number;
  /** Acknowledged before the handler had finished, or the dead letter was stored. */
  readonly ackedBeforeHandled: number;
  /** Not acknowledged at the end. */
  readonly unacked: number;
  readonly restarts: number;
  /** Requests that asked for events, or brought them. */
  readonly polls: number;
  readonly seconds: number;
}

/** A line of an emulator's journal. */
export interface JournalLine {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly eventId?: string;
  readonly operation?: string;
}

/** What the emulator says: the events in order, when each was acked, how often it was asked. */
interface Truth {
  readonly published: readonly string[];
  readonly acked: ReadonlyMap<string, number>;
  readonly polls: number;
}

/** What a provider's emulator has written down after a place. */
export async function readJournal(
  admin: Admin,
  provider: string,
  from = 0,
): Promise<readonly JournalLine[]> {
  const lines: JournalLine[] = [];
  let after = from;
  for (;;) {
    const kinds = "published,acked,request,delivered";
    const query = `journal?after=${after}&limit=10000&kind=${kinds}`;
    const page = (await admin.get(provider, query)) as { readonly entries: JournalLine[] };
    if (page.entries.length === 0) return lines;
    lines.push(...page.entries);
    after = lines.at(-1)?.seq ?? after;
  }
}

function toTruth(lines: readonly JournalLine[], operation: string): Truth {
  const of = (kind: string) => lines.filter((line) => line.kind === kind);
  const acked = new Map<string, number>();
  for (const { eventId = "", at } of of("acked")) if (!acked.has(eventId)) acked.set(eventId, at);
  // A webhook is not asked for events: each delivery stands for a poll.
  const polls = lines.filter((line) => line.operation === operation);
  const asked = polls.filter(({ kind }) => kind === "request");
  return {
    published: of("published").map(({ eventId = "" }) => eventId),
    acked,
    polls:
      asked.length > 0 ? asked.length : polls.filter(({ kind }) => kind === "delivered").length,
  };
}

async function readRecord({ folder }: Task): Promise<readonly RecordLine[]> {
  const text = await readFile(join(folder, recordFile), "utf8").catch(() => "");
  // The last line may be half written: its process was killed, or is just writing it.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.filter(Boolean).map((line): RecordLine => JSON.parse(line));
}

/** Where there is no ack, a saved cursor settles every event up to it. */
export function ackedByCursor(
  published: readonly string[],
  saves: readonly { readonly id: string; readonly at: number }[],
): ReadonlyMap<string, number> {
  const acked = new Map<string, number>();
  const places = new Map(published.map((id, index) => [id, index]));
  for (const { id, at } of saves) {
    for (let index = places.get(id) ?? -1; index >= 0; index -= 1) {
      const event = published[index] ?? "";
      if (acked.has(event)) break;
      acked.set(event, at);
    }
  }
  return acked;
}

async function readDeadLetters(feedFolder: string, feed: string) {
  const stores = sqliteStores(join(feedFolder, storesFile));
  const letters = new Map<string, number>();
  let after: string | undefined;
  do {
    const page = await stores.deadLetters.list({ consumer, feed }, { limit: 1000, after });
    for (const { event, failedAt } of page.letters) {
      if (event) letters.set(event.id, Date.parse(failedAt));
    }
    after = page.next;
  } while (after !== undefined);
  await stores.close();
  return letters;
}

/** Compares the emulator's journal with what the handlers wrote down. */
export async function readResult(
  admin: Admin,
  task: Task,
  { polls: operation, idIn }: DemoProvider,
  expected: number,
): Promise<Result> {
  const [journal, record] = await Promise.all([
    readJournal(admin, task.provider),
    readRecord(task),
  ]);
  const { published, polls, acked: ackedByServer } = toTruth(journal, operation);
  const acked = idIn
    ? ackedByCursor(
        published,
        record.filter(({ kind }) => kind === "saved"),
      )
    : ackedByServer;
  const letters = await readDeadLetters(task.folder, task.feed);
  const settledAt = new Map(letters);
  let finished = 0;
  for (const { kind, id, at } of record) {
    if (kind !== "handled") continue;
    finished += 1;
    settledAt.set(id, Math.min(at, settledAt.get(id) ?? at));
  }
  const handled = new Set(record.filter(({ kind }) => kind === "handled").map(({ id }) => id)).size;
  const early = [...acked].filter(([id, at]) => at < (settledAt.get(id) ?? Infinity));
  return {
    published: published.length,
    handled,
    lost: expected - published.filter((id) => settledAt.has(id)).length,
    duplicates: finished - handled,
    deadLettered: letters.size,
    ackedBeforeHandled: early.length,
    unacked: expected - acked.size,
    restarts: 0,
    polls,
    seconds: 0,
  };
}

/** The figures that `--json` prints. */
export function toFigures(result: Result): Omit<Result, "polls" | "unacked"> {
  const { polls: _polls, unacked: _unacked, ...figures } = result;
  return figures;
}

/** Adds up the results of several providers. */
export function sum(results: readonly Result[]): Result {
  const add = (name: keyof Result): number =>
    results.reduce((total, result) => total + result[name], 0);
  return {
    published: add("published"),
    handled: add("handled"),
    lost: add("lost"),
    duplicates: add("duplicates"),
    deadLettered: add("deadLettered"),
    ackedBeforeHandled: add("ackedBeforeHandled"),
    unacked: add("unacked"),
    restarts: add("restarts"),
    polls: add("polls"),
    seconds: Math.max(0, ...results.map(({ seconds }) => seconds)),
  };
}
