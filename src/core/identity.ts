import type { FeedEvent } from "./event.ts";

/**
 * Says what the same event is: equal `source` and `id`, and nothing else.
 *
 * The text is readable, the source and then the id, and two events have the same one only if they are
 * the same. The loop's window, marks, dead letters, webhooks and inboxes all go by it.
 */
export function identityOf({ source, id }: Pick<FeedEvent, "source" | "id">): string {
  return `${escapeSource(source)} ${id}`;
}

/**
 * The identity of a delivery that has no id of its own: a text in a space of its own, which no event's
 * identity ever is in.
 *
 * @param content The content, or its digest.
 * @param among Tells it from others with the same content.
 */
export function namelessIdentity(content: string, among: number | string): string {
  return `${NAMELESS}${among} ${content}`;
}

/** Whether an identity was made by {@link namelessIdentity}. */
export function isNameless(identity: string): boolean {
  return identity.startsWith(NAMELESS);
}

/** No source begins so: a percent sign of its own is written as `%25`. */
const NAMELESS = "%nameless ";

/** A source is a URI reference and holds no space; one that does must not be taken for another. */
function escapeSource(source: string): string {
  if (!source.includes(" ") && !source.includes("%")) return source;
  return source.replaceAll("%", "%25").replaceAll(" ", "%20");
}
