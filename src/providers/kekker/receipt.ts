import { fromReceipt, type Receipt, toReceipt } from "../../core/feed.ts";

/** What a receipt of a Kekker feed tells. */
export interface Acknowledged {
  /** The event's id. */
  readonly id: string;
  /** The event's time, for the watermark; absent where it has none. */
  readonly time: string | undefined;
}

const form = /^ack (\S*) (.*)$/s;

/** Makes a receipt: one text, the same for each listing of the event. */
export function toAckReceipt(id: string, time: string | undefined): Receipt {
  const isBare = time === undefined && !form.test(id);
  return toReceipt(isBare ? id : `ack ${time ?? ""} ${id}`);
}

/** Reads a receipt; a bare id is one too. */
export function readReceipt(receipt: Receipt): Acknowledged {
  const given = fromReceipt<string>(receipt);
  const [, time, id] = (typeof given === "string" && form.exec(given)) || [];
  return id === undefined ? { id: given, time: undefined } : { id, time: time || undefined };
}
