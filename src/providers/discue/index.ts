/**
 * discue.io: queues whose messages come to a webhook.
 *
 * ## Delivery
 * discue calls the `notify_url` of every listener that was there before the message was
 * stored. At least once; repeats and any order must be expected. There is no pull, and the API never
 * gives a message's data back. Method, headers and body of the calls are not documented, so every
 * behaviour is an option of the receiver.
 *
 * ## Acknowledgement
 * Our answer to the call. Assumed: 2xx acknowledges, anything else is repeated; a
 * message acknowledged and sent again, or refused and not, would show it wrong.
 *
 * ## Authentication
 * `X-API-KEY` to the API; a key that was refused is never sent again by us, since
 * several bad tries lock out good keys for a while (403). discue signs none of its calls: the receiver
 * wants a secret in the `notify_url`, and can verify Standard Webhooks of a relay.
 *
 * ## Limits
 * Paging (100) and rate limits are announced and not yet there; sizes and retention are not
 * stated. The receiver takes bodies of 1 MiB.
 *
 * ## Sources
 * docs.discue.io (last changed 2023-04-03) and github.com/discue/terraform-provider-discue
 * (2026-04-27), both read 2026-11.
 *
 * @module ackloop/discue
 */
export type { EventOfForm, MessageForm, Schemas, TypedForm } from "../../core/event.ts";
export type {
  ReceiverFeed as DiscueReceiverFeed,
  ReceiverFeedOptions as DiscueReceiverFeedOptions,
} from "../../feeds/receiver/feed.ts";
export type { WebhookReceiver as DiscueReceiver } from "../../feeds/receiver/receiver.ts";
export type { SignatureOptions as DiscueSignatureOptions } from "../../feeds/receiver/signature.ts";
export type { ClientCallOptions, ResponseFacts } from "../../http/types.ts";
export { discue } from "./client.ts";
export type { DiscueBodyForm, DiscueTypeOf } from "./event.ts";
export { type DiscueCreateReceiver, discueReceiver } from "./receiver.ts";
export type {
  DiscueDomainChallenge,
  DiscueEventWith,
  DiscueReceiverBasics,
  DiscueReceiverOptions,
} from "./receiver-options.ts";
export type {
  DiscueApiClient,
  DiscueApiKey,
  DiscueApiKeyInput,
  DiscueApiKeyScope,
  DiscueClient,
  DiscueCounters,
  DiscueDomain,
  DiscueDomainInput,
  DiscueListener,
  DiscueListenerInput,
  DiscueMessage,
  DiscueMessageInput,
  DiscueMessageSchema,
  DiscueMessageStats,
  DiscueNewApiKey,
  DiscueOptions,
  DiscueQueue,
  DiscueQueueInput,
  DiscueReference,
  DiscueSchemaRule,
  DiscueUsageEvent,
  DiscueUsageEventKind,
  DiscueUsageEventQuery,
  DiscueUsageEventStreamQuery,
} from "./types.ts";
export type {
  DiscueWireApiKey,
  DiscueWireCall,
  DiscueWireCounters,
  DiscueWireDomain,
  DiscueWireError,
  DiscueWireLinks,
  DiscueWireListener,
  DiscueWireMessage,
  DiscueWireNamed,
  DiscueWireQueue,
  DiscueWireReplies,
  DiscueWireUsageEvent,
} from "./wire-types.ts";
