import type { Patch } from "./bundle.ts";
import type { DrawnPlan, DrawnTrouble, Service } from "./drawn/plan.ts";

/** A fault that was found once, in the place where it would be now. */
export interface PlantedFault {
  /** What is wrong, as the loop that has the fault does it. */
  readonly name: string;
  readonly patches: readonly Patch[];
  /** The laws of which one must be found broken. */
  readonly breaks: readonly string[];
  /** Which drawn plans can show it at all. @default all */
  readonly when?: (plan: DrawnPlan) => boolean;
}

/** Plans in which a service is in such trouble. */
export const inTrouble =
  (service: Service, ...hows: readonly DrawnTrouble["how"][]) =>
  ({ troubles }: DrawnPlan): boolean =>
    troubles.some(
      (each) => each.service === service && (hows.length === 0 || hows.includes(each.how)),
    );

/** Plans in which such a thing happens. */
export const acting =
  (...kinds: readonly string[]) =>
  ({ actions }: DrawnPlan): boolean =>
    actions.some(({ kind }) => kinds.includes(kind));
