import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import { kindOf } from "../../core/foreign.ts";
import type { CursorApi, CursorItem } from "./api.ts";
import { isTimestamp, toUtc } from "./instant.ts";

/** Makes what reads an API's items. It never throws, and what is no position or time is left out. */
export function toItemOf(api: CursorApi): (item: unknown, index: number) => CursorItem {
  const { provider } = api;
  return (item, index) => {
    try {
      return withSoundFacts(api.toEvent(item, index));
    } catch (thrown) {
      if (isAckloopError(thrown)) return { unreadable: thrown };
      // Its text may repeat what stands in the item.
      const what = `the item cannot be read: ${kindOf(thrown)}`;
      return { unreadable: unreadable(provider, what, index) };
    }
  };
}

function withSoundFacts(read: CursorItem): CursorItem {
  const { position, time } = read;
  const isPosition = position === undefined || isText(position);
  const isTime = time === undefined || isTimestamp(time);
  // A copy of each item would cost a page as much as reading its JSON.
  if (isPosition && isTime) return read;
  return {
    ...read,
    position: isPosition ? position : undefined,
    time: isTime ? time : undefined,
  };
}

/** Makes what turns an item that was read into its event, or the `schema` error in its place. */
export function toEventOf(
  source: string,
  provider: string,
): (item: CursorItem, index: number) => FeedEvent | AckloopError {
  return (item, index) => {
    if (item.unreadable !== undefined) return item.unreadable;
    const { id, type, time, subject, data } = item;
    if (!isText(id)) return unreadable(provider, "the item has no id", index);
    if (!isText(type)) return unreadable(provider, "the item has no type", index);
    const about = isText(subject) ? { subject } : undefined;
    if (!time) return { specversion: "1.0", id, source, type, ...about, data };
    const event = { specversion: "1.0", id, source, type, time: toUtc(time), data } as const;
    return about ? { ...event, ...about } : event;
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function unreadable(provider: string, text: string, index: number): AckloopError {
  const facts = { provider, operation: "pull", path: `items[${index}]` };
  return new AckloopError("schema", text, facts);
}
