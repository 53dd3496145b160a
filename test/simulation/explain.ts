import type { Note } from "./history.ts";
import type { World } from "./world.ts";

/** For how long a webhook knows what it has settled, in ms: its default. */
const REMEMBERED_MS = 600_000;

/**
 * Says why an event was handled again, or `undefined` where nothing explains it.
 *
 * @param before The place in the history where it was handled before.
 * @param again The place where it was handled again.
 */
export function explainRepeat(
  world: World,
  n: number,
  before: number,
  again: number,
): string | undefined {
  const { notes } = world.history;
  const between = notes.slice(before + 1, again);
  const first = notes[before] as Note;
  const second = notes[again] as Note;
  const began = notes.findIndex(
    ({ kind, process }) => kind === "began" && process === first.process,
  );
  // Messages that come twice move a reader back, so that further ones come again behind them, to the
  // process behind it too: the place is saved.
  if (
    notes.slice(began, again).some(({ kind, what }) => kind === "fault" && what === "duplicate")
  ) {
    return "an injected duplicate";
  }
  if (world.simulated.calls) return explainPush(world, n, between, first, second);
  const of = between.filter(({ process }) => process === first.process);
  // A lease is free for another process a little before the one that stops is over.
  const isStopping = of.some(({ kind }) => kind === "stopping");
  const until = isStopping ? notes.slice(before + 1) : between;
  const end = until.find(
    ({ kind, process }) => process === first.process && (kind === "crashed" || kind === "ended"),
  );
  if (end?.kind === "crashed") return "a crash";
  if (of.some(isFailedAck)) return "a failed or unknown ack";
  if (end === undefined) return undefined;
  if (/leaseLost|conflict/.test(String(end.what))) return "a takeover";
  return explainEnd(world, n, before, notes.indexOf(end));
}

function isFailedAck({ kind, what }: Note): boolean {
  return kind === "ackFailed" || (kind === "pullFailed" && what === "ack");
}

/** An orderly end repeats what an open delivery held back, and what was settled too late. */
function explainEnd(world: World, n: number, before: number, end: number): string | undefined {
  const { notes } = world.history;
  const { process } = notes[before] as Note;
  const own = notes.slice(0, end).filter((note) => note.process === process);
  const stop = own.findLast(({ kind }) => kind === "stopping");
  const inStop = stop === undefined ? [] : own.slice(own.indexOf(stop));
  if ((isHalt(notes[end]) ? own : inStop).some(isFailedAck))
    return "acks that were refused for good";
  const at = notes[end]?.at ?? 0;
  if (own.some(({ kind }) => kind === "storeFailed")) return "a store that failed";
  if (isOutOfTime(world, stop?.at ?? at, at)) return "a stop that was out of time";
  if (world.simulated.acksEach) return undefined;
  const settled = new Set(own.filter(isSettling).map((note) => note.n));
  const given = own.filter(({ kind }) => kind === "pulled").flatMap(({ all }) => all ?? []);
  const isHeld = given.some((other) => other !== n && !settled.has(other));
  return isHeld ? "a stop in mid-page" : undefined;
}

function isHalt(end: Note | undefined): boolean {
  return !["signal", "empty", "limit", "deadline"].includes(String(end?.what));
}

/** A stop that took all of the time it had, whatever was asked for and when, may have cut acks. */
function isOutOfTime(world: World, beganAt: number, endedAt: number): boolean {
  const stops = world.plan.actions.filter(({ kind }) => kind === "stop");
  const limits = [...stops.map(({ ms }) => ms), world.plan.settings.shutdownMs];
  const due = [...limits.map((ms) => beganAt + ms), ...stops.map(({ at, ms }) => at + ms)];
  return due.some((at) => endedAt >= at && endedAt <= at + 1_001);
}

function isSettling({ kind, what }: Note): boolean {
  if (kind === "end") return what === "handled" || what === "dropped";
  return kind === "letter" || kind === "dropped" || kind === "duplicate";
}

/** The sender repeats until it has seen an answer; one that it has seen ends it. */
function explainPush(
  world: World,
  n: number,
  between: readonly Note[],
  first: Note,
  second: Note,
): string | undefined {
  const { numbers } = world.provider;
  const isAcked = between.some(({ kind, id = "" }) => kind === "acked" && numbers.get(id) === n);
  if (isAcked) return undefined;
  if (first.process !== second.process) return "a process that ended before its answer was seen";
  if (between.some(({ kind }) => kind === "storeFailed")) return "a store that failed";
  if (world.plan.settings.verb === "receiver") return "a late or lost answer";
  return second.at - first.at > REMEMBERED_MS ? "a resend that came too late" : undefined;
}
