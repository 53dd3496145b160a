import type { DrawnPlan } from "./drawn/plan.ts";
import { engine } from "./planted.ts";
import { acting, inTrouble, type PlantedFault } from "./planted-fault.ts";

const computes = ({ events }: DrawnPlan): boolean =>
  events.some(({ script }) => script.some(({ burnMs }) => burnMs > 0));

const hasSlow = ({ events }: DrawnPlan): boolean =>
  events.filter(({ script }) => (script.at(-1)?.ms ?? 0) >= 1_000).length >= 2;

const isShared = ({ settings: { processes, dedupe, lease } }: DrawnPlan): boolean =>
  processes === 2 && dedupe && !lease;

/** Who has the event loop, which clock is asked, and what one thing that hangs holds up. */
export const clocks: readonly PlantedFault[] = [
  {
    name: "keeps the thread while handlers compute",
    when: computes,
    breaks: ["starved"],
    patches: [
      {
        file: engine("turn"),
        find: "    return this.#isAwaited;\n",
        replace: "    return false;\n",
      },
    ],
  },
  {
    name: "reads the clock once for a page of handlers",
    when: computes,
    breaks: ["starved", "lateDrain"],
    patches: [
      {
        file: engine("handling"),
        find: "      at = performance.now();\n    }",
        replace: "    }",
      },
    ],
  },
  {
    name: "believes the clock that stands still of a lease",
    when: (plan) => plan.settings.lease && acting("suspend")(plan),
    breaks: ["lease"],
    patches: [
      {
        file: engine("lease"),
        find: "if (Date.now() < grant.untilWall) return true;",
        replace: "if (grant) return true;",
      },
    ],
  },
  {
    name: "goes on although its lease has run out",
    when: (plan) => plan.settings.lease && inTrouble("renewLease")(plan),
    breaks: ["lease"],
    patches: [
      {
        file: engine("lease"),
        find: "if (grant === undefined || this.#isLost) return false;",
        replace: "return grant !== undefined;\n    if (!grant) return false;",
      },
    ],
  },
  {
    name: "takes the time of handlers by the time of day",
    when: ({ settings: { handlerTimeoutMs, verb }, actions, events }) =>
      handlerTimeoutMs !== undefined &&
      (verb === "consume" || verb === "drain") &&
      actions.some(({ kind, ms }) => kind === "wall" && ms === -3_600_000) &&
      events.some(({ script }) => script.some(({ outcome }) => outcome === "never")),
    breaks: ["handlerTime"],
    patches: [
      {
        file: engine("scope"),
        find: "this.#deadlines.set(leash, performance.now() + this.#timeoutMs);",
        replace: "this.#deadlines.set(leash, Date.now() + this.#timeoutMs);",
      },
      {
        file: engine("scope"),
        find: "    const now = performance.now();\n",
        replace: "    const now = Date.now();\n",
      },
    ],
  },
  {
    name: "renews marks in one round that waits for all",
    when: (plan) =>
      isShared(plan) &&
      hasSlow(plan) &&
      plan.settings.markMs < 60_000 &&
      inTrouble("renew", "hang")(plan),
    breaks: ["twoAtOnce"],
    patches: [
      {
        file: engine("keeping"),
        find: "for (const [entry] of due) void this.#renew(entry, dedupe);",
        replace: `const last = Reflect.get(this, "round") ?? Promise.resolve();
    for (const [entry] of due) this.#renewLater(entry, dedupe.markMs / 3);
    Reflect.set(this, "round", last.then(() => Promise.all(due.map(([entry]) => this.#renew(entry, dedupe)))));`,
      },
      {
        file: engine("keeping"),
        find: "const limitMs = Math.min(callTimeoutMs, markMs * RENEWAL.call);",
        replace: "const limitMs = callTimeoutMs * 1e6;",
      },
    ],
  },
  {
    name: "frees a lease whoever holds it now",
    when: (plan) =>
      plan.settings.lease && plan.settings.processes === 2 && inTrouble("release")(plan),
    breaks: ["lease"],
    patches: [
      {
        file: "src/stores/memory/leases.ts",
        find: "if (lease?.fence !== fence || lease.until",
        replace: "if (!lease || (lease.fence !== fence && leaseMs > 0) || lease.until",
      },
    ],
  },
];
