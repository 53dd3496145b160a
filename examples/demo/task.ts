/** What a consumer process of the demo is told, as JSON in its environment. */
export interface Task {
  /** Which provider it reads. */
  readonly provider: string;
  /** Base URLs and test credentials of the emulator. */
  readonly connection: Readonly<Record<string, string>>;
  /** The queue, topic or channel. */
  readonly queue: string;
  /** The name of the feed, or of the receiver: a part of every key in its stores. */
  readonly feed: string;
  /** The folder of its stores and of its record. */
  readonly folder: string;
  /** Where it takes the calls of a provider that makes them. */
  readonly port: number;
}

/** A line of the record that a consumer keeps: what its handlers finished, and what it saved. */
export interface RecordLine {
  /** `handled`: a handler is done. `saved`: a cursor was saved, where that is the ack. */
  readonly kind: "handled" | "saved";
  /** The event. */
  readonly id: string;
  /** When, in epoch ms. */
  readonly at: number;
}

/** The reader's name in every store. */
export const consumer = "demo";

/** The secret that stands in the demo's webhook URL. */
export const webhookSecret = "demo-webhook-secret-0001";

/** The name of the stores' file in a consumer's folder. */
export const storesFile = "ackloop.db";

/** The name of the record in a consumer's folder. */
export const recordFile = "record.jsonl";
