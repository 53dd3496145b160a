import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { FeedEvent } from "../../core/event.ts";
import { kindOf } from "../../core/foreign.ts";
import { isThenable, notify } from "../../core/guard.ts";
import type { CursorApi, CursorItem } from "./api.ts";
import { isTimestamp, toUtc } from "./instant.ts";

/** Makes what reads an API's items. It never throws, and what is no position or time is left out. */
export function toItemOf(api: CursorApi): (item: unknown, index: number) => CursorItem {
  const { provider } = api;
  return (item, index) => {
    try {
      const read = api.toEvent(item, index);
      if (!isThenable(read)) return withSoundFacts(read, provider, index);
      // Its rejection, which nobody would hear, would end the process.
      notify(() => read);
      return { unreadable: unreadable(provider, "`toEvent` gave a promise", index) };
    } catch (thrown) {
      if (isAckloopError(thrown)) return { unreadable: thrown };
      // Its text may repeat what stands in the item.
      const what = `the item cannot be read: ${kindOf(thrown)}`;
      return { unreadable: unreadable(provider, what, index) };
    }
  };
}

function withSoundFacts(read: CursorItem, provider: string, index: number): CursorItem {
  const { position, time } = read;
  // Left out in silence, such as a number, the item would come again with every run.
  if (!isAbsent(position) && !isText(position)) {
    return { unreadable: unreadable(provider, "the item's position is no text", index) };
  }
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
    if (!isText(id)) return unreadable(provider, `the item${lackOf("id", id)}`, index);
    if (!isText(type)) return unreadable(provider, `the item${lackOf("type", type)}`, index);
    const about = isText(subject) ? { subject } : undefined;
    if (!time) return { specversion: "1.0", id, source, type, ...about, data };
    const event = { specversion: "1.0", id, source, type, time: toUtc(time), data } as const;
    return about ? { ...event, ...about } : event;
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function lackOf(name: string, value: unknown): string {
  return isAbsent(value) ? ` has no ${name}` : `'s ${name} is no text`;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function unreadable(provider: string, text: string, index: number): AckloopError {
  const facts = { provider, operation: "pull", path: `items[${index}]` };
  return new AckloopError("schema", text, facts);
}
