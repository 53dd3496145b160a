import type { FaultEffect, FaultKind } from "ackloop/emulator";
import { junk } from "../../examples/demo/faults.ts";

/** One fault of each kind; a kind that is new does not compile without one. */
const effects: { readonly [Kind in FaultKind]: Omit<FaultEffect & { kind: Kind }, "kind"> } = {
  status: { status: 503 },
  delay: { ms: 30 },
  cut: {},
  lostReply: {},
  truncate: {},
  stall: {},
  garbage: {},
  html: {},
  oversize: {},
  headers: { headers: junk },
  duplicate: {},
  skew: { ms: 600_000 },
};

/** The kinds that hit a call; the others last. */
export const kindsOfCalls = Object.keys(effects).filter((kind) => kind !== "skew");

/** One of each kind, at every second call of an operation, as the admin route takes them. */
export function faultsOf(operation: string): readonly object[] {
  return Object.entries(effects).map(([kind, effect], index) =>
    kind === "skew"
      ? { kind, ...effect }
      : { kind, ...effect, operation, after: 2 * index, count: 1 },
  );
}
