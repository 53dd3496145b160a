import type { LiveShown, RunShown } from "../shown.ts";

/** How many seconds are plotted. */
const LENGTH = 300;

/** What was measured of a run in one second. */
export interface Point {
  readonly handled: number;
  readonly failed: number;
  readonly inFlight: number;
  readonly middle: number | undefined;
  readonly most: number | undefined;
}

/** The last minutes of a run, as this page has seen them. */
export interface Seen {
  readonly run: RunShown;
  readonly at: number;
  readonly points: readonly Point[];
  /** What it has told last, newest first. */
  readonly told: RunShown["told"];
}

/** How many reports are kept. */
const TOLD = 60;

function pointOf({ run, at }: Seen, next: RunShown, now: number): Point {
  const seconds = Math.max(0.2, (now - at) / 1000);
  const grown = (of: (summary: RunShown["summary"]) => number): number =>
    Math.max(0, of(next.summary) - of(run.summary)) / seconds;
  return {
    handled: grown(({ handled }) => handled),
    failed: grown(({ retried, deadLettered }) => retried + deadLettered),
    inFlight: next.health.inFlight,
    middle: next.took?.middle,
    most: next.took?.most,
  };
}

/** Adds a second to what was seen. */
export function seeing(before: readonly Seen[], { at, runs }: LiveShown): readonly Seen[] {
  return runs.map((run) => {
    const known = before.find((each) => each.run.id === run.id);
    const points = known ? [...known.points, pointOf(known, run, at)].slice(-LENGTH) : [];
    const told = [...run.told.toReversed(), ...(known?.told ?? [])].slice(0, TOLD);
    return { run, at, points, told };
  });
}
