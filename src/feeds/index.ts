/**
 * For authors of feeds of their own.
 *
 * @packageDocumentation
 */
export { parseJson } from "../core/json.ts";
export type { ReceiverFeed, ReceiverFeedOptions } from "./receiver/feed.ts";
export type { ReceiverBasics } from "./receiver/options.ts";
export {
  type ReceiverOptions,
  receiver,
  type WebhookEvent,
  type WebhookEventWith,
} from "./receiver/own-receiver.ts";
export type { WebhookReceiver } from "./receiver/receiver.ts";
export type { SignatureOptions } from "./receiver/signature.ts";
