import { AckloopError } from "../../../src/core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../../../src/core/event.ts";
import type { Delivery, Receipt } from "../../../src/core/feed.ts";
import type { DrawnEvent } from "./plan.ts";

/** What a delivery has besides its event. */
export interface WireFacts {
  readonly receipt: Receipt | undefined;
  readonly attempt: number | undefined;
  readonly leaseMs: number | undefined;
  readonly again: boolean;
}

/** The provider's object, as the wire brings it. */
export function toRaw({ n, kind, key }: DrawnEvent): Readonly<Record<string, unknown>> {
  if (kind === "unreadable") return { sim: n, broken: true };
  return { payload: { sim: n, key, fits: kind !== "unfit", price: 2, list: [] } };
}

/** The event as it is read off the provider's object; `undefined` where it cannot be. */
export function toEvent(event: DrawnEvent, raw = toRaw(event)): FeedEvent | undefined {
  if (event.kind === "unreadable") return undefined;
  const { id, source } = event;
  return { specversion: "1.0", id, source, type: "thing", data: raw["payload"] };
}

/** One delivery, all of it made anew: what a handler writes into it is in no other. */
export function toDelivery(event: DrawnEvent, facts: WireFacts): Delivery {
  const raw = toRaw(event);
  const { again, ...own } = facts;
  const known = Object.entries(own).filter(([, value]) => value !== undefined);
  const shared = {
    raw,
    ...Object.fromEntries(known),
    ...(again ? { again: () => toDelivery(event, facts) } : {}),
  };
  const read = toEvent(event, raw);
  const unreadable = new AckloopError("schema", "it has no id", { path: "id" });
  const isDerived = event.kind === "derived" ? { idDerived: true } : {};
  const whole =
    read === undefined ? { ...shared, unreadable } : { ...shared, event: read, ...isDerived };
  return whole as Delivery;
}

/** The catalogue: what does not fit is told, and the schema may be in trouble itself. */
export function toCatalogue(
  validate: (data: unknown, fits: () => { readonly value: unknown }) => unknown,
): EventCatalogue {
  const check = (data: unknown): unknown =>
    (data as { readonly fits?: unknown }).fits === true
      ? validate(data, () => ({ value: data }))
      : { issues: [{ message: "it does not fit" }] };
  const schema = { "~standard": { version: 1, vendor: "drawn", validate: check } };
  return { thing: schema } as unknown as EventCatalogue;
}
