import { AckloopError } from "./errors.ts";
import type { FeedEvent } from "./event.ts";
import type { Delivery, Page, ReadableDelivery, UnreadableDelivery } from "./feed.ts";
import { toPage } from "./feed.ts";
import { describeThrown } from "./guard.ts";

/** What a pull answers. */
export type Pulled = readonly Delivery[] | Page;

/**
 * Holds whoever brings deliveries to its contract: a list of them, or a page. What is none, and what
 * cannot be read, is one unreadable delivery and hides no other. All of it is read once, and here.
 *
 * @throws {AckloopError} `schema` where it is neither; whatever a getter of the page throws.
 */
export function readPage(value: Pulled | undefined, name: string, operation = "pull"): Page {
  const page: Partial<Page> = value ? toPage(value) : {};
  const { deliveries, receipt, more, bytes } = page;
  const facts = { provider: name, operation };
  if (!Array.isArray(deliveries)) {
    throw new AckloopError("schema", "gave no list of deliveries, and no page of them", facts);
  }
  let noDelivery: AckloopError | undefined;
  const read = (item: unknown): Delivery => {
    try {
      if (isDelivery(item)) return item;
      noDelivery ??= new AckloopError("schema", "gave what is no delivery", facts);
      return toUnreadable(item, noDelivery);
    } catch (thrown) {
      const what = `gave a delivery that cannot be read: ${describeThrown(thrown)}`;
      return toUnreadable(item, new AckloopError("schema", what, facts));
    }
  };
  const all: Delivery[] = [];
  // Not by `map`, which passes over the holes of a list.
  for (const item of deliveries) all.push(read(item));
  return { deliveries: all, receipt, more, bytes };
}

/** With its receipt, if it has one that can be read. */
function toUnreadable(odd: unknown, unreadable: AckloopError): Delivery {
  const read = <Name extends "receipt" | "identity" | "raw">(name: Name): Delivery[Name] => {
    try {
      return (Object(odd) as Delivery)[name];
    } catch {
      return undefined;
    }
  };
  return {
    unreadable,
    receipt: read("receipt"),
    identity: read("identity"),
    raw: read("raw") ?? odd,
  };
}

type Members = Partial<ReadableDelivery & UnreadableDelivery>;

/** Reads all that the loop reads later, so that a getter of the user's throws here or not at all. */
function isDelivery(value: unknown): value is Delivery {
  if (typeof value !== "object" || value === null) return false;
  const { event, unreadable, receipt, raw, leaseMs, again, identity, idDerived } = value as Members;
  noteRead(receipt, raw, leaseMs, again, identity, idDerived);
  if (event === undefined) {
    const { message, code } = Object(unreadable) as Partial<AckloopError>;
    noteRead(message, code);
    return unreadable !== undefined;
  }
  const { id, source, type } = Object(event) as Partial<FeedEvent>;
  noteRead(type);
  return typeof id === "string" && typeof source === "string";
}

/** To have been read is all. */
function noteRead(..._values: unknown[]): void {}
