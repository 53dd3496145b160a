/**
 * What Workato's event streams send, in its own names.
 *
 * Sources, read 2026-11: docs.workato.com/workato-api/pubsub (messages),
 * docs.workato.com/workato-api/event-streams.html (topics) and docs.workato.com/workato-api (errors).
 */
import type { WorkatoData } from "./event.ts";
import type { WorkatoTopicField } from "./topic-schema.ts";

/** A message as a consume brings it: `raw` of a delivery, where it is none of the malformed ones. */
export interface WorkatoWireMessage {
  /** Opaque. */
  readonly message_id: string;
  /** What was published. */
  readonly payload: WorkatoData;
  /** ISO 8601 with ms and `+00:00`. */
  readonly time: string;
}

/** A topic. */
export interface WorkatoWireTopic {
  readonly id: number;
  readonly name: string;
  readonly description?: string | null | undefined;
  /** In seconds. */
  readonly retention?: number | null | undefined;
  /** In a list only where it was asked for. */
  readonly schema?: readonly WorkatoTopicField[] | null | undefined;
  /** ISO 8601 with ms and a local offset. */
  readonly created_at?: string | null | undefined;
  /** In the same form. */
  readonly updated_at?: string | null | undefined;
}

/** The replies, by what they answer. */
export interface WorkatoWireReplies {
  readonly consume: { readonly messages: readonly WorkatoWireMessage[] };
  readonly publish: { readonly message_id: string };
  /** One entry for each payload, by its place as text; 200 also where some failed. */
  readonly publishBatch: {
    readonly is_partial_error?: boolean | null | undefined;
    readonly message_ids?:
      | Readonly<
          Record<
            string,
            { readonly message_id?: string | null | undefined; readonly result?: unknown }
          >
        >
      | null
      | undefined;
  };
  readonly topics: { readonly count: number; readonly data: readonly WorkatoWireTopic[] };
  readonly topic: { readonly data: WorkatoWireTopic };
  /** Of a purge, and of a deletion. */
  readonly done: { readonly data: { readonly status: "success" } } | { readonly Success: true };
}

/** The body of a failed call; the host that consumes and publishes documents none. */
export interface WorkatoWireError {
  readonly message?: string | null | undefined;
  /** With a 500. */
  readonly id?: string | null | undefined;
}
