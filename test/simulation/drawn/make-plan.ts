import { createDice, type Dice } from "../dice.ts";
import { planEvents } from "./make-events.ts";
import { type OddName, oddNames } from "./odd.ts";
import {
  BUSY_MS,
  type DrawnAction,
  type DrawnFeedSettings,
  type DrawnPlan,
  type DrawnSettings,
  type DrawnTrouble,
  feedKinds,
  type KindName,
  type Service,
} from "./plan.ts";

/** Makes the plan that follows from a seed. */
export function makeDrawnPlan(seed: number): DrawnPlan {
  const dice = createDice(seed);
  const settings = keepable(planSettings(dice));
  return {
    seed,
    settings,
    events: planEvents(settings, dice),
    troubles: planTroubles(settings, dice),
    actions: planActions(settings, dice),
  };
}

/** The plainest value of each setting that can be left out. */
const plain: Partial<DrawnSettings> = {
  acksOnPull: false,
  waits: false,
  ignoresWait: false,
  isPage: false,
  tellsMore: false,
  tellsBytes: false,
  again: false,
  receipts: "each",
  leases: [-2],
  extend: false,
  nack: false,
  tellsAttempt: false,
  newestOnly: false,
  pageSize: 10,
  ignoresLimit: false,
  order: "kept",
  stale: 0,
  empty: 0,
  latencyMs: 0,
  verb: "consume",
  processes: 1,
  concurrency: 1,
  maxInFlight: undefined,
  ordered: false,
  drops: false,
  dedupe: false,
  lease: false,
  handlerTimeoutMs: undefined,
  deadlineMs: undefined,
  storeMs: 0,
  waitMs: 0,
};

/** Plainer plans: one setting each is as plain as it can be, and then each event has one step. */
export const toPlainer: readonly ((plan: DrawnPlan) => DrawnPlan)[] = [
  ...Object.entries(plain).map(
    ([name, value]) =>
      (plan: DrawnPlan): DrawnPlan => ({ ...plan, settings: { ...plan.settings, [name]: value } }),
  ),
  (plan) => ({
    ...plan,
    events: plan.events.map((event) => ({ ...event, script: event.script.slice(-1) })),
  }),
];

const onward: ReadonlySet<KindName> = new Set(["queue", "log"]);

function planFeed(dice: Dice): DrawnFeedSettings {
  const kind = dice.pick(feedKinds);
  const isQueue = kind === "queue";
  const isPage = dice.chance(0.5);
  const extend = isQueue && dice.chance(0.6);
  const newestOnly = isQueue && dice.chance(0.3);
  const receipts = planReceipts(isPage && !isQueue, dice);
  const leases = isQueue ? planLeases(dice, extend || newestOnly) : [-2];
  return {
    kind,
    acksOnPull: kind === "pages" && dice.chance(0.5),
    waits: onward.has(kind) && dice.chance(0.5),
    ignoresWait: dice.chance(0.2),
    isPage,
    tellsMore: dice.chance(0.5),
    tellsBytes: dice.chance(0.5),
    again: dice.chance(0.5),
    receipts,
    leases,
    extend,
    nack: isQueue && dice.chance(0.5),
    tellsAttempt: isQueue && dice.chance(0.5),
    newestOnly,
    pageSize: dice.pick([1, 2, 5, 10, 50, 100]),
    ignoresLimit: dice.chance(0.3),
    order: dice.pick(["kept", "kept", "shuffled", "turns"] as const),
    stale: onward.has(kind) ? 0 : dice.pick([0, 0, 0.3, 1]),
    empty: isPage ? dice.pick([0, 0, 0.3]) : 0,
    resendMs: dice.pick([5_000, 30_000]),
    latencyMs: planLatency(dice, isQueue, leases),
  };
}

/** A lease that ends on the way here brings its event back before anybody can have it, or get past it. */
function planLatency(dice: Dice, isQueue: boolean, leases: readonly number[]): number {
  if (leases.includes(1)) return 0;
  return dice.pick(isQueue ? [0, 0, 20] : [0, 0, 20, 500]);
}

/** A page's own receipt is for pages of feeds that are no queue. */
function planReceipts(isPage: boolean, dice: Dice): DrawnFeedSettings["receipts"] {
  const receipts = dice.pick(["each", "last", "page"] as const);
  return receipts === "page" && !isPage ? "last" : receipts;
}

/** What is over at once can neither be held nor, where the newest counts alone, be acked in time. */
function planLeases(dice: Dice, mustLast: boolean): readonly number[] {
  const short = mustLast ? [] : [1, 300, 900];
  const one = (): number => dice.pick([-2, -1, 0, ...short, 3_000, 5_000, 30_000, 30_000]);
  return dice.chance(0.3) ? [30_000] : Array.from({ length: dice.whole(1, 3) }, one);
}

function planSettings(dice: Dice): DrawnSettings {
  const feed = planFeed(dice);
  const verb = dice.pick([
    "consume",
    "consume",
    "consume",
    "drain",
    "batch",
    "deliveries",
  ] as const);
  const processes = verb !== "deliveries" && dice.chance(0.25) ? 2 : 1;
  const concurrency = dice.pick([1, 1, 2, 10]);
  const deadLetters = dice.chance(0.75);
  const dedupe = dice.chance(processes === 2 ? 0.6 : 0.3);
  // More than one reader of a place that is kept for one needs a lease.
  const isShared = feed.kind === "queue" || (feed.kind === "list" && dedupe);
  const shutdownMs = dice.pick([0, 2_000, 25_000]);
  return {
    ...feed,
    verb,
    processes,
    concurrency,
    maxInFlight: dice.pick([undefined, undefined, concurrency, 5, 10, 20]),
    ordered: dice.chance(0.35),
    deadLetters,
    drops: dice.chance(0.15),
    dedupe,
    markMs: dice.pick([2_000, 10_000, 60_000]),
    lease: processes === 2 ? !isShared || dice.chance(0.4) : dice.chance(0.2),
    leaseMs: dice.pick([3_000, 10_000, 30_000]),
    attempts: planAttempts(dedupe && !deadLetters, dice),
    retryMs: dice.pick([[0, 50] as const, [100, 1_000] as const, [1_000, 10_000] as const]),
    idleMs: dice.pick([[200, 5_000] as const, [1_000, 10_000] as const, [1_000, 60_000] as const]),
    handlerTimeoutMs: dice.chance(0.25) ? dice.pick([500, 5_000]) : undefined,
    waitMs: dice.pick([0, 2, 5_000, 25_000]),
    shutdownMs,
    batchSize: dice.pick([2, 4, 20]),
    batchWaitMs: dice.pick([0, 50, 5_000]),
    deadlineMs:
      verb === "drain" && feed.receipts === "each" && dice.chance(0.5)
        ? dice.pick([1_000, 3_000, 30_000]) + 10 * feed.latencyMs
        : undefined,
    callTimeoutMs: dice.pick([30_000, 30_000, 2_000]),
    circuitAfter: dice.pick([20, 20, 5]),
    storeMs: dice.pick([0, 0, 30]),
    restartMs: verb === "drain" ? dice.whole(2_000, 20_000) : dice.pick([10, 5_000]),
  };
}

/** Two that take an event from each other while they work on it never have its newest receipt. */
function keepable(settings: DrawnSettings): DrawnSettings {
  const { newestOnly, processes, dedupe, lease, extend, leases } = settings;
  const isKept = extend && leases.every((ms) => ms > 0);
  const mayCount = processes === 1 || dedupe || lease || isKept;
  return { ...settings, newestOnly: newestOnly && mayCount };
}

/** An event that was started so often halts every later run where it cannot be set aside. */
function planAttempts(mustBeMany: boolean, dice: Dice): number {
  return mustBeMany ? 1_000 : dice.pick([1, 2, 3, 5, 1_000]);
}

function servicesOf(settings: DrawnSettings): readonly Service[] {
  const { extend, nack, deadLetters, dedupe, lease, ordered, drops } = settings;
  const by: readonly (readonly [boolean, readonly Service[]])[] = [
    [true, ["pull", "ack", "logger"]],
    [extend, ["extend"]],
    [nack, ["nack"]],
    [deadLetters, ["put", "letters", "remove", "schema"]],
    [deadLetters && ordered, ["orderBy"]],
    // What the policy drops is known by its report alone.
    [!drops, ["onReport"]],
    [dedupe, ["begin", "renew", "finish", "forget"]],
    [lease, ["acquire", "renewLease", "release"]],
  ];
  return by.flatMap(([has, services]) => (has ? services : []));
}

const renewals: ReadonlySet<Service> = new Set(["renew", "renewLease", "extend"]);
const atOnce: ReadonlySet<Service> = new Set(["orderBy", "logger", "onReport"]);

function planTroubles(settings: DrawnSettings, dice: Dice): DrawnTrouble[] {
  const services = servicesOf(settings);
  // What keeps something alive is asked for too seldom to be met otherwise.
  const kept = services.filter((service) => renewals.has(service));
  const count = dice.pick([0, 0, 1, 1, 2, 4]);
  return Array.from({ length: count }, () => {
    const service = dice.pick(dice.chance(0.2) && kept.length > 0 ? kept : services);
    const how = dice.pick(["throw", "reject", "reject", "hang", "late", "verdict"] as const);
    const from = dice.chance(0.3) ? 0 : dice.whole(0, BUSY_MS);
    return {
      service,
      from,
      until: from + dice.pick([500, 5_000, 30_000, 120_000]),
      probability: dice.pick([0.1, 0.5, 1]),
      how: fitting(how, service),
      after: dice.chance(0.4),
      odd: planOdd(dice),
      ms: dice.pick([200, 5_000, 45_000, 100_000]),
    };
  });
}

/** What is called and answers at once throws at once, and only acks have verdicts. */
function fitting(how: DrawnTrouble["how"], service: Service): DrawnTrouble["how"] {
  if (service !== "orderBy" && how === "reject") return how;
  if (atOnce.has(service)) return "throw";
  return how === "verdict" && service !== "ack" ? "reject" : how;
}

function planOdd(dice: Dice): OddName {
  return dice.chance(0.04) ? "fatal" : dice.pick(oddNames);
}

function planActions(settings: DrawnSettings, dice: Dice): DrawnAction[] {
  const count = dice.pick([0, 0, 1, 2, 3]);
  const kinds: DrawnAction["kind"][] = [
    "stop",
    "stopTwice",
    "abort",
    "pause",
    "outage",
    "outage",
    "wall",
  ];
  if (settings.verb === "deliveries") kinds.push("leave", "leave");
  if (settings.deadLetters) kinds.push("redrive");
  if (settings.lease || settings.dedupe) kinds.push("storeClock", "suspend", "suspend");
  return Array.from({ length: count }, () => {
    const kind = dice.pick(kinds);
    return {
      at: dice.whole(0, BUSY_MS),
      kind,
      slot: dice.whole(0, settings.processes - 1),
      ms: planActionMs(kind, dice),
    };
  }).sort((left, right) => left.at - right.at);
}

function planActionMs(kind: DrawnAction["kind"], dice: Dice): number {
  const hours = [-3_600_000, -60_000, -5_000, 5_000, 60_000, 3_600_000];
  if (kind === "wall") return dice.pick(hours);
  if (kind === "storeClock") return dice.pick([-600_000, -20_000, 20_000, 600_000]);
  if (kind === "suspend") return dice.pick([1_000, 10_000, 40_000, 600_000]);
  if (kind === "outage") return dice.pick([5_000, 15_000, 60_000, 300_000]);
  if (kind === "pause") return dice.whole(100, 20_000);
  return dice.pick([0, 500, 5_000, 25_000]);
}
