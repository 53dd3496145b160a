import type { FeedEvent } from "../../core/event.ts";
import { parseJson } from "../../core/json.ts";
import type { CursorPage, CursorWish } from "../../feeds/cursor/api.ts";
import { type CursorFeed, cursorFeed } from "../../feeds/cursor/feed.ts";
import { toSegment } from "../../http/request.ts";
import type { WorkatoTopicId } from "./arguments.ts";
import { type ConsumePage, maxMessages } from "./consume.ts";
import { toEvent } from "./event.ts";
import type { FeedSettings } from "./feed-options.ts";
import { readMessage } from "./wire.ts";

/**
 * The feed of a topic: a log that is read on from a receipt, or from the saved place.
 *
 * `more` is never told: Workato answers at once with what it has, also where that is less than was asked
 * for, and an empty answer may mean that the place is not known any more.
 */
export interface WorkatoFeed<E extends FeedEvent = FeedEvent> extends CursorFeed<E> {
  readonly waits: true;
}

/** What a feed is made of. */
export interface FeedParts {
  /** The region, or the host where the URLs were given. */
  readonly account: string;
  readonly topicId: WorkatoTopicId;
  readonly consumePage: ConsumePage;
  readonly settings: FeedSettings;
}

/** Makes the feed of a topic. */
export function createFeed({ account, topicId, consumePage, settings }: FeedParts): WorkatoFeed {
  const { typeOf, events, place } = settings;
  const ask = async (
    from: { readonly afterMessageId?: string | undefined; readonly since?: string },
    wish: CursorWish,
  ): Promise<CursorPage> => {
    const { messages, text, sentAt } = await consumePage({
      ...wish,
      ...from,
      topicId,
      operation: "pull",
    });
    const again = () => (parseJson(text) as { readonly messages: readonly unknown[] }).messages;
    return { items: messages, again, bytes: text.length, sentAt };
  };
  const feed = cursorFeed(
    {
      provider: "workato",
      path: `${account}/topics/${toSegment("workato", "feed", topicId)}`,
      waits: true,
      pageSize: maxMessages,
      events,
      read: (afterMessageId, wish) => ask({ afterMessageId }, wish),
      seek: (since, wish) => ask({ since }, wish),
      toEvent: (item, index) => toEvent(readMessage(item), index, typeOf),
    },
    place,
  );
  return feed as WorkatoFeed;
}
