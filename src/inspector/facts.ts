import { MASK } from "./mask.ts";
import type { EventFacts } from "./shown.ts";

/** A text as the page takes it: what redacts may give whatever it likes. */
export function toText(shown: unknown): string {
  return typeof shown === "string" ? shown : MASK;
}

/** Of an event what tells it apart, and no data; `undefined` where it may not be shown, or there is none. */
export function factsOf(event: unknown): EventFacts | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const { id, source, type, time } = event as Partial<Record<keyof EventFacts, unknown>>;
  const facts = { id: toText(id), source: toText(source), type: toText(type) };
  return typeof time === "string" ? { ...facts, time } : facts;
}
