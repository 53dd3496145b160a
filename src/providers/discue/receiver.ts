import type { FeedEvent, Schemas } from "../../core/event.ts";
import type { StandardSchemaV1 } from "../../core/standard-schema.ts";
import { createReceiver, type WebhookReceiver } from "../../feeds/receiver/receiver.ts";
import { createChallenges } from "./challenges.ts";
import { toDelivery } from "./event.ts";
import {
  type AnyReceiverOptions,
  type DiscueEventWith,
  type DiscueReceiverOptions,
  receiverSettings,
} from "./receiver-options.ts";

/** Makes receivers; the events' types follow from the schemas. */
export type DiscueCreateReceiver = <
  Schema extends StandardSchemaV1 | undefined = undefined,
  const Events extends Schemas = Record<never, never>,
  Type extends string = never,
>(
  options: DiscueReceiverOptions<Schema, Events, Type>,
) => WebhookReceiver<DiscueEventWith<Schema, Events, Type>>;

/**
 * Makes a receiver of discue's calls.
 *
 * In this order a request is: the domain's challenge, a liveness check, refused for its method (405), its
 * secret, what its signature lacks (401), its length (413) or its encoding (415), read and unpacked, refused
 * for its signature, which is of the unpacked body (401), or for what is no UTF-8 (400), or one delivery. An
 * id is the message's own (covered by a signature if there is one), else the signed `webhook-id`, else the
 * header named by `messageIdHeader`, else a SHA-256 of the body with `idDerived: true`. What may be a message
 * and a user's own data as well: see `bodyForms`.
 *
 * @throws {AckloopError} `config` for a wrong option.
 * Source: docs.discue.io as read in 2026-11 says nothing of the calls; every assumption is an option
 * of {@link DiscueReceiverBasics}.
 */
export const discueReceiver: DiscueCreateReceiver = <E extends FeedEvent>(
  options: AnyReceiverOptions,
): WebhookReceiver<E> => {
  const settings = receiverSettings(options);
  const { messageIdHeader = "", schema, events } = settings;
  return createReceiver({
    provider: "discue",
    settings,
    events: schema ? { message: schema } : events,
    answer: createChallenges(settings),
    toDelivery: ({ source, text, body, headers, signedId, deriveId }) =>
      toDelivery({
        source,
        text,
        body,
        deriveId,
        forms: settings.bodyForms,
        parseData: settings.parseData,
        typeOf: settings.typeOf,
        outerId: signedId ?? ((messageIdHeader && headers.get(messageIdHeader)) || undefined),
      }),
  });
};
