import type { Fault } from "../../src/emulator/fault.ts";
import type { Dice } from "./dice.ts";
import {
  BUSY_MS,
  type PlannedFault,
  type PlannedSettings,
  type StoreName,
  type StoreTrouble,
} from "./plan.ts";
import type { Simulated } from "./providers.ts";

/** Makes the faults of a provider. All of them end. */
export function planFaults(simulated: Simulated, dice: Dice): PlannedFault[] {
  const count = dice.pick([0, 1, 2, 4, 8]);
  return Array.from({ length: count }, () => ({
    at: dice.chance(0.3) ? 0 : dice.whole(0, BUSY_MS),
    fault: planFault(simulated, dice),
  })).sort((left, right) => left.at - right.at);
}

const headerNames = ["retry-after", "date", "content-type", "x-ratelimit-reset"];
const junk = [
  "",
  "soon 5",
  "-7",
  "1e9",
  "NaN",
  "yesterday",
  "Sat, 01 Jan 2000 00:00:00 GMT",
  "5, 7",
];

function planFault({ operations, delivers, calls }: Simulated, dice: Dice): Fault {
  const match = {
    operation: dice.pick(operations),
    count: dice.pick([1, 1, 2, 5]),
    after: dice.whole(0, 5),
    probability: dice.pick([1, 1, 0.5]),
  };
  switch (dice.whole(0, 15)) {
    case 0:
      return { kind: "status", status: 429, retryAfter: dice.whole(0, 40), ...match };
    case 1:
      return { kind: "status", status: dice.pick([500, 503, 502]), ...match };
    case 2:
      return { kind: "status", status: dice.pick([400, 401, 403, 404, 408]), ...match };
    case 3:
      return { kind: "delay", ms: dice.pick([50, 1_000, 8_000, 29_000, 45_000]), ...match };
    case 4:
      return { kind: "cut", ...match };
    case 5:
    case 6:
      return { kind: "lostReply", ...match };
    case 7:
      return { kind: "truncate", ...match };
    case 8:
      return { kind: "garbage", ...match };
    case 9:
      // A 200 that a proxy gives in our place is an ack that nobody here has any part in.
      return {
        kind: "html",
        status: dice.pick([calls ? 503 : 200, 502]),
        ...match,
      };
    case 10:
      return { kind: "oversize", bytes: 200_000, ...match };
    case 11:
      return { kind: "duplicate", ...match, operation: delivers };
    case 12:
      return { kind: "stall", ...match };
    case 13:
      return { kind: "headers", headers: { [dice.pick(headerNames)]: dice.pick(junk) }, ...match };
    case 14:
      // What says that it is no success: of a push it is the receiver's answer, and would be one.
      return { kind: "status", status: calls ? 500 : 200, ...match };
    default:
      return { kind: "skew", ms: dice.whole(-600_000, 600_000) };
  }
}

/** Makes the times in which the stores that are used fail. */
export function planTroubles(
  simulated: Simulated,
  settings: PlannedSettings,
  dice: Dice,
): StoreTrouble[] {
  const stores = storesInUse(simulated, settings);
  const count = stores.length === 0 ? 0 : dice.pick([0, 0, 1, 2]);
  return Array.from({ length: count }, () => {
    const from = dice.whole(0, BUSY_MS);
    return {
      store: dice.pick(stores),
      from,
      until: from + dice.pick([1_000, 10_000, 30_000]),
      probability: dice.pick([0.3, 1]),
      after: dice.chance(0.4),
      plain: dice.chance(0.1),
    };
  });
}

function storesInUse({ keepsPlace }: Simulated, settings: PlannedSettings): readonly StoreName[] {
  const { deadLetters, dedupe, lease } = settings;
  const inUse: Readonly<Record<StoreName, boolean>> = {
    deadLetters,
    dedupe,
    leases: lease,
    cursors: keepsPlace?.(settings) ?? false,
  };
  return storeNames.filter((name) => inUse[name]);
}

const storeNames: readonly StoreName[] = ["deadLetters", "dedupe", "leases", "cursors"];
