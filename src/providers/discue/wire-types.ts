/**
 * What discue sends, in its own names: the replies of its API, and the calls to a listener.
 *
 * Every member that a page does not show in each reply may be absent, null or of another kind; further ones
 * may come. `alias` stands in the place of `name` in the newer model.
 *
 * Sources, read 2026-11: docs.discue.io/getting-started and /api-reference, and for the newer model
 * github.com/discue/terraform-provider-discue at 68c2fe0.
 */

import type { DiscueBodyForm } from "./event.ts";

/** What everything has. */
export interface DiscueWireNamed {
  /** Opaque. */
  readonly id: string;
  readonly name?: string | null | undefined;
  /** In the newer model, in the place of `name`. */
  readonly alias?: string | null | undefined;
}

/** Links of a reply: `self` is an object on most pages and a text on two. */
export type DiscueWireLinks = Readonly<Record<string, string | { readonly href: string }>>;

/** A queue. */
export interface DiscueWireQueue extends DiscueWireNamed {
  /** The getting-started page shows them. */
  readonly listeners?: readonly DiscueWireNamed[] | null | undefined;
  /** The reference shows it. */
  readonly schema?: unknown;
}

/** A listener. Creating and changing one answer id and name alone. Times are epoch ms. */
export interface DiscueWireListener extends DiscueWireNamed {
  readonly notify_url?: string | null | undefined;
  readonly liveness_url?: string | null | undefined;
  /** Newer model. */
  readonly status?: string | null | undefined;
  readonly liveness?:
    | {
        readonly state?: string | null | undefined;
        readonly success_count?: number | null | undefined;
        readonly last_success_at?: number | null | undefined;
        readonly failure_count?: number | null | undefined;
        readonly last_failure_at?: number | null | undefined;
        readonly last_failure_status?: number | null | undefined;
        /** The page shows a number. */
        readonly last_failure_msg?: string | number | null | undefined;
      }
    | null
    | undefined;
  readonly messages?:
    | {
        readonly acknowledged_count?: number | null | undefined;
        readonly last_success_at?: number | null | undefined;
        readonly last_failure_at?: number | null | undefined;
        readonly missed?: readonly string[] | null | undefined;
        readonly missed_count?: number | null | undefined;
      }
    | null
    | undefined;
}

/** A usage event; `stored_at` in epoch ms. */
export interface DiscueWireUsageEvent {
  readonly id: string;
  readonly type?: string | null | undefined;
  readonly stored_at?: number | null | undefined;
  readonly client?: Partial<DiscueWireNamed> | null | undefined;
  readonly message?: Partial<DiscueWireNamed> | null | undefined;
  readonly api_key?: Partial<DiscueWireNamed> | null | undefined;
  readonly queue?: Partial<DiscueWireNamed> | null | undefined;
  readonly listener?: Partial<DiscueWireNamed> | null | undefined;
}

/** An API key without its secret; times in epoch ms. */
export interface DiscueWireApiKey extends DiscueWireNamed {
  readonly created_at?: number | null | undefined;
  readonly updated_at?: number | null | undefined;
  readonly last_used_at?: number | null | undefined;
  /** How the key begins. */
  readonly key?: string | null | undefined;
  readonly status?: string | null | undefined;
  /** A list, or in the newer model an object by resource. */
  readonly scopes?: unknown;
}

/** A domain of the newer model; times in epoch ms, or in seconds as the vendor's test server has them. */
export interface DiscueWireDomain extends DiscueWireNamed {
  readonly hostname?: string | null | undefined;
  readonly port?: number | null | undefined;
  readonly created_at?: number | null | undefined;
  readonly challenge?:
    | {
        readonly https?:
          | {
              readonly file_content: string;
              readonly file_name: string;
              readonly context_path: string;
              readonly created_at?: number | null | undefined;
              readonly expires_at?: number | null | undefined;
            }
          | null
          | undefined;
      }
    | null
    | undefined;
  readonly verification?:
    | {
        readonly verified?: boolean | null | undefined;
        readonly verified_at?: number | null | undefined;
      }
    | null
    | undefined;
}

/** The counters of one span of time, such as `message_added`. */
export type DiscueWireCounters = Readonly<Record<string, number>>;

/** The replies of the API, by what they hold; each has `_links` beside it. */
export interface DiscueWireReplies {
  readonly queue: { readonly queue: DiscueWireQueue };
  readonly queues: { readonly queues: readonly DiscueWireQueue[] };
  readonly listener: { readonly listener: DiscueWireListener };
  readonly listeners: {
    readonly listeners: readonly DiscueWireListener[];
    /** On one page the details stand here, and id and name in the list. */
    readonly _embedded?:
      | { readonly listeners?: readonly DiscueWireListener[] | null | undefined }
      | null
      | undefined;
  };
  readonly message: { readonly message: DiscueWireNamed };
  readonly messages: { readonly messages: readonly DiscueWireNamed[] };
  readonly schema: { readonly schema: Readonly<Record<string, unknown>> };
  readonly stats: {
    readonly aggregated_api_usage_events: {
      readonly last_24_hours?: DiscueWireCounters | null | undefined;
      readonly last_1_hours?: DiscueWireCounters | null | undefined;
      readonly today_so_far?: DiscueWireCounters | null | undefined;
    };
  };
  readonly events: { readonly events: readonly DiscueWireUsageEvent[] };
  /** The key itself; in the newer model an object that holds it. */
  readonly newApiKey: {
    readonly api_key: string | (DiscueWireApiKey & { readonly key: string });
  };
  readonly apiKey: { readonly api_key: DiscueWireApiKey };
  readonly apiKeys: { readonly api_keys: readonly DiscueWireApiKey[] };
  readonly apiClient: { readonly api_client: DiscueWireNamed };
  readonly domain: { readonly domain: DiscueWireDomain };
  readonly domains: { readonly domains: readonly DiscueWireDomain[] };
}

/** The body of a failed call. */
export interface DiscueWireError {
  /** The reason phrase, such as `Unprocessable Entity`. */
  readonly title?: string | null | undefined;
  /** The HTTP status. */
  readonly status?: number | null | undefined;
}

/** A message in the body of a call to a listener. */
export interface DiscueWireMessage extends Partial<DiscueWireNamed> {
  /** The text that was published. */
  readonly data: string;
}

/**
 * The body of a call to a listener, for each of the {@link DiscueBodyForm}s. Assumed: one of the three; discue
 * documents none, and the body of a true call would show which.
 */
export interface DiscueWireCall extends Readonly<Record<DiscueBodyForm, unknown>> {
  readonly message: { readonly message: DiscueWireMessage };
  readonly data: DiscueWireMessage;
  /** The text that was published. */
  readonly raw: string;
}
