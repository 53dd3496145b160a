import type { Feed } from "../../core/feed.ts";

/** The four kinds of feeds, each with one word. */
export type Kind =
  /** Shows all that is not acked, each by itself. */
  | "list"
  /** Hands out each by itself, and hides it. */
  | "queue"
  /** Brings the same page until it is acked: a second pull before the ack brings nothing new. */
  | "pages"
  /** Each pull says where it begins. */
  | "cursor";

/** Gives the kind of a feed. */
export function kindOf({ acks, pulls }: Pick<Feed, "acks" | "pulls">): Kind {
  if (acks === "individual") return pulls === "unacked" ? "list" : "queue";
  return pulls === "unacked" ? "pages" : "cursor";
}
