import type { Dice } from "../dice.ts";
import { oddNames } from "./odd.ts";
import { BUSY_MS, type DrawnEvent, type DrawnSettings, type DrawnStep } from "./plan.ts";

/** Until when a stubborn event fails, in ms since the start. */
const STUBBORN_MS = 40 * 60_000;

/** How handlers work, mostly: they wait for what they do, take long, or compute without waiting. */
const manners = ["waits", "waits", "waits", "waits", "waits", "waits", "slow", "computes"] as const;
type Manner = (typeof manners)[number];

/** A failure where it is returned: a revoked proxy or a rejecting thenable of a promise, a function. */
const notReturned = new Set<string>(["revokedProxy", "thenable", "function"]);
const returnable = oddNames.filter((name) => !notReturned.has(name));

/** Draws the events of a plan. */
export function planEvents(settings: DrawnSettings, dice: Dice): DrawnEvent[] {
  const count = dice.pick([2, 4, 8, 15, 30, 60]);
  const sources = dice.pick([1, 1, 2]);
  const keys = dice.pick([1, 2, 5]);
  const bursts = Array.from({ length: dice.whole(1, 3) }, () => dice.whole(0, BUSY_MS));
  const trouble = Math.min(dice.pick([0, 0.1, 0.4]), mostTrouble(settings));
  const manner = dice.pick(manners);
  const isStubborn =
    settings.attempts === 1_000 &&
    settings.handlerTimeoutMs === undefined &&
    settings.retryMs[0] > 0;
  const stubborn = isStubborn && dice.chance(0.5) ? dice.whole(0, Math.min(count - 1, 3)) : -1;
  const events = Array.from({ length: count }, (_, n): DrawnEvent => {
    const kind = planKind(settings, dice);
    const name = sources === 2 ? n >> 1 : n;
    return {
      n,
      times: planTimes(kind, bursts, dice),
      // With two sources each id is there twice, once of each.
      source: sources === 2 && n % 2 === 1 ? "/b" : "/a",
      id: `e${name}`,
      key: `k${dice.whole(1, keys)}`,
      kind,
      // What cannot be acked stays in the list: a page that is clamped would hold nothing else some day.
      receipt:
        settings.kind !== "list" ||
        kind !== "unreadable" ||
        settings.pageSize < 50 ||
        dice.chance(0.5),
      script: planScript(trouble, manner, settings, dice),
      failsUntil: n === stubborn ? STUBBORN_MS : 0,
    };
  });
  // Three that are bad, with nothing good among them, are an outage for all the loop can know.
  const surplus = new Set(events.filter(({ kind }) => kind === "poison").slice(2));
  const bearable = events.map(
    (event): DrawnEvent => (surplus.has(event) ? { ...event, kind: "good" } : event),
  );
  return bearable.sort((left, right) => (left.times[0] ?? 0) - (right.times[0] ?? 0));
}

/** Where each failure ends the run and its page begins anew, many of them outlast every plan. */
function mostTrouble({ isPage, deadLetters, attempts }: DrawnSettings): number {
  return isPage && !deadLetters && attempts <= 3 ? 0.1 : 1;
}

function planTimes(kind: DrawnEvent["kind"], bursts: readonly number[], dice: Dice): number[] {
  const time = (): number => (dice.chance(0.4) ? 0 : dice.pick(bursts));
  const isEqualed = kind === "unreadable" || kind === "derived";
  const count = dice.chance(isEqualed ? 0.5 : 0.08) ? dice.whole(2, 3) : 1;
  return Array.from({ length: count }, time).sort((left, right) => left - right);
}

function planKind(
  { kind, isPage, deadLetters, attempts, deadlineMs, newestOnly, leases }: DrawnSettings,
  dice: Dice,
): DrawnEvent["kind"] {
  if (kind === "log" && isPage && dice.chance(0.3)) return "foreign";
  // Work that takes longer than its event is hidden is never acked, where each delivery is another event.
  const mustHaveName = newestOnly || leases.includes(1);
  if (!mustHaveName && dice.chance(0.06)) return "derived";
  // Without a place for the others they would halt every run there ever is.
  if (!deadLetters || dice.chance(0.88)) return "good";
  // Poison that is tried a thousand times outlasts the run, and so does what no drain has time to give up.
  const isEndless = attempts === 1_000 || deadlineMs !== undefined;
  const nameless = mustHaveName ? "unfit" : "unreadable";
  return dice.pick([isEndless ? "good" : "poison", "unfit", nameless, nameless]);
}

function planScript(
  trouble: number,
  manner: Manner,
  {
    verb,
    handlerTimeoutMs = Number.POSITIVE_INFINITY,
    deadlineMs = Number.POSITIVE_INFINITY,
  }: DrawnSettings,
  dice: Dice,
): DrawnStep[] {
  const steps = dice.chance(trouble) ? dice.whole(1, 3) : 0;
  // What never ends, and has no time limit, holds its place for ever: that is the handler's own.
  const isLimited = verb !== "deliveries" && handlerTimeoutMs < Number.POSITIVE_INFINITY;
  const failing = [
    ...(["throw", "throw", "retry", "deadLetter", "drop"] as const),
    isLimited ? "never" : "throw",
  ] as const;
  const good = ["bare", "bare", "bare", "done", "odd"] as const;
  const last = planStep(dice.pick(good), manner, dice);
  return [
    ...Array.from({ length: steps }, () => planStep(dice.pick(failing), manner, dice)),
    // Some day an event must be done in time, or the run never ends.
    {
      ...last,
      ms: Math.min(last.ms, handlerTimeoutMs / 4, deadlineMs / 4),
      burnMs: Math.min(last.burnMs, 50),
    },
  ];
}

function planStep(outcome: DrawnStep["outcome"], manner: Manner, dice: Dice): DrawnStep {
  const computes = manner === "computes";
  const ms =
    manner === "slow" ? dice.whole(2_000, 15_000) : dice.pick([0, 0, 1, 20, 100, 500, 3_000]);
  const longer = dice.chance(0.03) ? dice.whole(5_000, 40_000) : ms;
  const isReturned = outcome === "odd";
  return {
    ms: computes ? 0 : longer,
    burnMs: computes ? dice.pick([10, 50, 300]) : 0,
    outcome,
    onAbort: dice.pick(["throw", "bare", "done", "ignore"]),
    odd: dice.pick(isReturned ? returnable : oddNames),
    changes: dice.chance(0.4),
  };
}
