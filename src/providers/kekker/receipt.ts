import { fromReceipt, type Receipt, toReceipt } from "../../core/feed.ts";

/** What a receipt of a Kekker feed tells. */
export interface Acknowledged {
  /** The event's id. */
  readonly id: string;
  /** The event's time, for the watermark; absent where it has none. */
  readonly time: string | undefined;
}

const divider = "\n";

/** Makes a receipt: one text, the same for each listing of the event. */
export function toAckReceipt(id: string, time: string | undefined): Receipt {
  const isBare = time === undefined && !id.includes(divider);
  return toReceipt(isBare ? id : `${id}${divider}${time ?? ""}`);
}

/** Reads a receipt; a bare id is one too. */
export function readReceipt(receipt: Receipt): Acknowledged {
  const text = fromReceipt<string>(receipt);
  const at = text.lastIndexOf(divider);
  if (at === -1) return { id: text, time: undefined };
  return { id: text.slice(0, at), time: text.slice(at + 1) || undefined };
}
