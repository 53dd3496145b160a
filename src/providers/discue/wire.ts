/**
 * The JSON of discue's API, in discue's own names.
 *
 * Only what we use is read: any other field may be absent, null or new. `_links` is never read: its
 * `self` is an object on most pages and a text on two, and its addresses point to a host and prefix
 * that the caller may not use.
 *
 * Sources, read 2026-11: docs.discue.io/api-overview (errors, schemas), docs.discue.io/api-reference
 * (every reply; last changed 2023-04-03), and for what is marked "newer model" the vendor's Terraform
 * provider, github.com/discue/terraform-provider-discue at 68c2fe0 (2026-04-27).
 */
import * as z from "zod/mini";
import { listOf } from "../../http/list.ts";

const optionalText = z.nullish(z.string());
const optionalNumber = z.nullish(z.number());
/** Opaque: UUIDs, 20 or 21 characters by page; a number would be taken too. */
const id = z.union([z.string().check(z.minLength(1)), z.number()]);

/** What everything has; `alias` stands in the place of `name` in the newer model. */
const named = { id, name: optionalText, alias: optionalText };

/** Anything with a name: a message, an API client. */
export const wireNamed = z.object(named);

const optionalNamed = z.nullish(z.object({ ...named, id: z.optional(id) }));

/** A queue. The getting-started page shows its `listeners`, the reference its `schema`. */
export const wireQueue = z.object({
  ...named,
  schema: z.optional(z.unknown()),
  listeners: z.nullish(listOf(wireNamed)),
});

/** A listener. Creating and changing one answer `id` and `name` alone. `status`: newer model. */
export const wireListener = z.object({
  ...named,
  notify_url: optionalText,
  liveness_url: optionalText,
  status: optionalText,
  liveness: z.nullish(
    z.object({
      state: optionalText,
      success_count: optionalNumber,
      last_success_at: optionalNumber,
      failure_count: optionalNumber,
      last_failure_at: optionalNumber,
      last_failure_status: optionalNumber,
      last_failure_msg: z.nullish(z.union([z.string(), z.number()])),
    }),
  ),
  messages: z.nullish(
    z.object({
      acknowledged_count: optionalNumber,
      last_success_at: optionalNumber,
      last_failure_at: optionalNumber,
      missed: z.nullish(listOf(id)),
      missed_count: optionalNumber,
    }),
  ),
});

/** An API key without its secret; times in epoch ms, `key` a prefix. */
export const wireApiKey = z.object({
  ...named,
  created_at: optionalNumber,
  updated_at: optionalNumber,
  last_used_at: optionalNumber,
  key: optionalText,
  status: optionalText,
  scopes: z.optional(z.unknown()),
});

/** A domain of the newer model. */
export const wireDomain = z.object({
  ...named,
  hostname: optionalText,
  port: optionalNumber,
  created_at: optionalNumber,
  challenge: z.nullish(
    z.object({
      https: z.nullish(
        z.object({
          file_content: z.string(),
          file_name: z.string(),
          context_path: z.string(),
          created_at: optionalNumber,
          expires_at: optionalNumber,
        }),
      ),
    }),
  ),
  verification: z.nullish(
    z.object({ verified: z.nullish(z.boolean()), verified_at: optionalNumber }),
  ),
});

/** One usage event; `stored_at` in epoch ms. The other members are `{id, name}` where they are there. */
export const wireUsageEvent = z.object({
  id,
  type: optionalText,
  stored_at: optionalNumber,
  client: optionalNamed,
  message: optionalNamed,
  api_key: optionalNamed,
  queue: optionalNamed,
  listener: optionalNamed,
});

const counters = z.nullish(z.looseObject({}));

/** The replies, by what they hold. */
export const wireReplies = {
  queue: z.object({ queue: wireQueue }),
  queues: z.object({ queues: listOf(wireQueue) }),
  listener: z.object({ listener: wireListener }),
  /** The page has what is known of each in `_embedded`, and the id and name beside it. */
  listeners: z.object({
    listeners: listOf(wireListener),
    _embedded: z.nullish(z.object({ listeners: z.nullish(listOf(wireListener)) })),
  }),
  message: z.object({ message: wireNamed }),
  messages: z.object({ messages: listOf(wireNamed) }),
  schema: z.object({ schema: z.looseObject({}) }),
  stats: z.object({
    aggregated_api_usage_events: z.object({
      last_24_hours: counters,
      last_1_hours: counters,
      today_so_far: counters,
    }),
  }),
  events: z.object({ events: listOf(wireUsageEvent) }),
  /** The secret itself; in the newer model an object that holds it. */
  newApiKey: z.object({
    api_key: z.union([z.string().check(z.minLength(1)), z.object({ id, key: z.string() })]),
  }),
  apiKey: z.object({ api_key: wireApiKey }),
  apiKeys: z.object({ api_keys: listOf(wireApiKey) }),
  apiClient: z.object({ api_client: wireNamed }),
  domain: z.object({ domain: wireDomain }),
  domains: z.object({ domains: listOf(wireDomain) }),
} as const;

/** The body of a failed call: the reason phrase and the status. */
export const wireError = z.object({ title: optionalText, status: optionalNumber });
