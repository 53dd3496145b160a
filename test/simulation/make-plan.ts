import { createDice, type Dice } from "./dice.ts";
import { planFaults, planTroubles } from "./make-faults.ts";
import {
  BUSY_MS,
  type Plan,
  type PlannedAction,
  type PlannedCrash,
  type PlannedEvent,
  type PlannedSettings,
  type PlannedShape,
  type Step,
} from "./plan.ts";
import { type Simulated, simulatedOf } from "./providers.ts";

/** Makes the plan that follows from a seed. */
export function makePlan(provider: string, seed: number): Plan {
  const simulated = simulatedOf(provider);
  const dice = createDice(seed);
  const settings = planSettings(simulated, dice);
  const events = planEvents(settings, dice);
  return {
    provider,
    seed,
    settings,
    shape: planShape(settings, dice),
    events,
    faults: planFaults(simulated, dice),
    troubles: planTroubles(simulated, settings, dice),
    actions: planActions(settings, dice),
    crashes: planCrashes(events.length, dice),
  };
}

const retries: readonly PlannedSettings["retryMs"][] = [
  [0, 50],
  [100, 1_000],
  [1_000, 10_000],
];

function planSettings({ calls }: Simulated, dice: Dice): PlannedSettings {
  const verb = calls
    ? dice.pick(["webhook", "receiver"] as const)
    : dice.pick(["consume", "consume", "consume", "drain", "batch"] as const);
  const processes = !calls && dice.chance(0.2) ? 2 : 1;
  const concurrency = dice.pick([1, 1, 2, 3, 10]);
  const deadLetters = dice.chance(0.7);
  const shutdownMs = dice.pick([0, 2_000, 25_000, 25_000]);
  const dedupe = dice.chance(0.35);
  return {
    verb,
    processes,
    concurrency,
    maxInFlight: dice.pick([concurrency, 5, 20, 200]),
    ordered: verb !== "webhook" && dice.chance(0.4),
    deadLetters,
    dropsUnknown: dice.chance(0.2),
    dedupe,
    markMs: dice.pick([2_000, 10_000, 60_000]),
    lease: !calls && (processes === 2 || dice.chance(0.3)),
    leaseMs: dice.pick([3_000, 3_000, 10_000, 30_000]),
    // An event that killed its process so often halts every later one where it cannot be set aside.
    attempts: dedupe && !deadLetters ? 50 : dice.pick([1, 2, 3, 5]),
    // What is given up long after its request has ended comes again for ever.
    retryMs: verb === "receiver" && !dedupe ? [0, 50] : dice.pick(retries),
    idleMs: dice.pick([[200, 5_000] as const, [1_000, 10_000] as const, [1_000, 60_000] as const]),
    handlerTimeoutMs: dice.chance(0.2) ? dice.pick([500, 5_000]) : undefined,
    waitMs: dice.pick([0, 5_000, 25_000]),
    shutdownMs,
    latencyMs: dice.pick([0, 20, 200, 2_000]),
    storeMs: dice.pick([0, 0, 30, 500]),
    restartMs: verb === "drain" ? dice.whole(5_000, 20_000) : dice.pick([10, 1_000, 5_000]),
    pageSize: dice.pick([2, 5, 10, 50]),
    tokenSeconds: dice.pick([20, 60, 3_599]),
  };
}

function planShape({ deadLetters, dropsUnknown }: PlannedSettings, dice: Dice): PlannedShape {
  return {
    hidden: dice.pick([0, 0, 0, 0.2, 0.8]),
    // Without a place for them they would halt every process there ever is.
    stuck: deadLetters && !dropsUnknown ? dice.pick([0, 0, 0, 1, 3, 12]) : 0,
    list: dice.pick(["counted", "counted", "pageCounted", "uncounted", "bare"]),
    // Some four of the largest fill a body.
    padding: dice.pick([0, 0, 0, 1_000, 15_000]),
  };
}

function planEvents(settings: PlannedSettings, dice: Dice): PlannedEvent[] {
  const count = dice.pick([3, 8, 15, 15, 25, 40]);
  const keys = dice.pick([1, 3, 10]);
  const bursts = Array.from({ length: dice.whole(1, 5) }, () => dice.whole(0, BUSY_MS));
  const trouble = dice.pick([0, 0.1, 0.4]);
  const events = Array.from({ length: count }, (_, n) => ({
    n,
    at: dice.chance(0.3) ? 0 : dice.pick(bursts),
    key: `k${dice.whole(1, keys)}`,
    kind: planKind(settings, dice),
    script: planScript(trouble, settings, dice),
  })).sort((left, right) => left.at - right.at || left.n - right.n);
  // Three that are bad, with nothing good among them, are an outage for all the loop can know.
  const surplus = new Set(events.filter(({ kind }) => kind === "poison").slice(2));
  return events.map((event) => (surplus.has(event) ? { ...event, kind: "good" } : event));
}

function planKind(
  { deadLetters, dropsUnknown }: PlannedSettings,
  dice: Dice,
): PlannedEvent["kind"] {
  // Without a place for them such events would halt every process there ever is.
  if (!deadLetters || dice.chance(0.9)) return "good";
  // A report of a drop names no event that could not be read.
  const unreadable = dropsUnknown ? "unknown" : "unreadable";
  return dice.pick(["poison", "poison", "unknown", "invalid", unreadable]);
}

function planScript(
  trouble: number,
  { handlerTimeoutMs = Number.POSITIVE_INFINITY, verb, dedupe }: PlannedSettings,
  dice: Dice,
): Step[] {
  const held = verb === "receiver" && !dedupe ? 3_000 : Number.POSITIVE_INFINITY;
  const steps = dice.chance(trouble) ? dice.whole(1, 3) : 0;
  const last = planStep(dice.chance(0.3) ? "done" : "bare", dice);
  return [
    ...Array.from({ length: steps }, () =>
      planStep(dice.pick(["throw", "throw", "retry", "retry", "deadLetter", "drop"]), dice),
    ),
    // Some day an event must be done in time, or the run never ends: before its time limit, and
    // while the request that brought it is held.
    { ...last, ms: Math.min(last.ms, handlerTimeoutMs / 2, held) },
  ];
}

function planStep(outcome: Step["outcome"], dice: Dice): Step {
  const ms = dice.pick([0, 1, 20, 20, 100, 100, 500, 3_000]);
  return {
    ms: dice.chance(0.03) ? dice.whole(5_000, 40_000) : ms,
    outcome,
    onAbort: dice.pick(["throw", "bare", "done", "ignore"]),
  };
}

function planActions({ processes }: PlannedSettings, dice: Dice): PlannedAction[] {
  const count = dice.pick([0, 0, 1, 2, 4]);
  return Array.from({ length: count }, () => {
    const kind = dice.pick(["stop", "stop", "abort", "crash", "pause", "revoke"] as const);
    const ms = kind === "pause" ? dice.whole(100, 20_000) : dice.pick([0, 500, 5_000, 25_000]);
    return { at: dice.whole(0, BUSY_MS), kind, slot: dice.whole(0, processes - 1), ms };
  }).sort((left, right) => left.at - right.at);
}

function planCrashes(events: number, dice: Dice): PlannedCrash[] {
  const count = dice.pick([0, 0, 0, 1, 1, 3]);
  return Array.from({ length: count }, () => ({
    step: dice.whole(1, events * 8),
    late: dice.chance(0.5),
  })).sort((left, right) => left.step - right.step);
}
