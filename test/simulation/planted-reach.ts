import { engine } from "./planted.ts";
import { acting, type PlantedFault } from "./planted-fault.ts";

/** What stands behind something that is bad, stuck or not for this feed. */
export const reach: readonly PlantedFault[] = [
  {
    name: "takes an empty page that has moved on for the end",
    when: ({ settings: { kind, verb, isPage, tellsMore, pageSize }, events }) =>
      kind === "log" &&
      verb === "drain" &&
      isPage &&
      !tellsMore &&
      pageSize < 5 &&
      events.some((event) => event.kind === "foreign"),
    breaks: ["drainedEarly"],
    patches: [
      {
        file: engine("progress"),
        find: "const maySkip = this.#untilEmpty && hasPassed &&",
        replace: "const maySkip = !this.#untilEmpty && hasPassed &&",
      },
    ],
  },
  {
    name: "holds for ever for the one bad event that fills its window",
    when: (plan) =>
      acting("outage")(plan) &&
      (plan.settings.maxInFlight === 1 ||
        (plan.settings.kind === "pages" && plan.settings.pageSize < 3)) &&
      plan.events.some(({ kind }) => kind === "poison"),
    breaks: ["endless"],
    patches: [{ file: engine("circuit"), find: "      if (isBlocked) return;\n", replace: "" }],
  },
];
