import type { Feed, Receipt } from "../../core/feed.ts";

/** What can go wrong with a call of a feed. */
export interface FeedFault {
  /**
   * `status`: an error of the server, before the effect. `cut`: no answer, no effect. `lostReply`: no
   * answer after the effect. `garbage`, `truncate`, `html`: an answer that cannot be read. `delay`: a
   * slow call, with `ms`.
   */
  readonly kind: "status" | "cut" | "lostReply" | "garbage" | "truncate" | "html" | "delay";
  /** The status of `status`. */
  readonly status?: number | undefined;
  /** What `status` says of the next try, in seconds. */
  readonly retryAfter?: number | undefined;
  /** How slow `delay` is, in ms. */
  readonly ms?: number | undefined;
  /** How many calls it befalls. @default until `heal` */
  readonly count?: number | undefined;
}

/** The requests that the provider's side has got. */
export interface RequestCount {
  /** How many in all. */
  readonly sent: number;
  /** How many are neither answered nor cut. */
  readonly open: number;
}

/**
 * One provider's side and the feeds on it, made anew for each law.
 *
 * A function that is left out makes the laws that need it "not testable here", which is counted and
 * printed. The client's transport must not repeat calls (`retry: { attempts: 1 }`), or faults are
 * mended before a law can see them.
 */
export interface FeedHarness {
  /**
   * Makes a feed object as a restarted process has it, on the same provider's side. Those made before
   * count as dead: what they left unsettled comes again.
   */
  feed(): Feed | Promise<Feed>;
  /**
   * Publishes so many readable events, and resolves to their ids in order once they can be pulled. No two
   * payloads are alike, or a feed that mixes them up could not be found.
   */
  publish(count: number): readonly string[] | Promise<readonly string[]>;
  /** The ids that the provider, or the cursor store, regards as acknowledged. */
  acked(): readonly string[] | Promise<readonly string[]>;
  /** The most events of one pull. @default 100 */
  readonly pageSize?: number | undefined;
  /** How long anything that must happen may take before a law counts as broken, in ms. @default 2_500 */
  readonly patienceMs?: number | undefined;
  /**
   * True where a cumulative feed's place is not the provider's but kept in a store of ours: one run at a
   * time may move it, and a run that begins takes it over.
   */
  readonly keepsPlace?: true | undefined;
  /** Gives the payload that was published with an id: an event's data holds it. */
  payloadOf?(id: string): unknown;
  /** Publishes an event with this id. */
  publishId?(id: string): unknown;
  /** Publishes an event with a member `odd` of this value in its payload. */
  publishOdd?(value: unknown): unknown;
  /** Publishes an event of a type that is not in the feed's catalogue; gives its id. */
  publishUnknownType?(): string | Promise<string>;
  /** Puts something in the place of an event that cannot be read. */
  publishUnreadable?(): unknown;
  /**
   * Publishes so many events that are none of this feed's but are in the provider's pages: a filter drops
   * them, or a page is empty although more follows.
   */
  publishElsewhere?(count: number): unknown;
  /**
   * Publishes so many events of which two are more than one answer may hold, and each alone is not; gives
   * their ids.
   */
  publishLarge?(count: number): readonly string[] | Promise<readonly string[]>;
  /** Publishes an event that alone is more than one answer may hold; gives its id. */
  publishTooLarge?(): string | Promise<string>;
  /** Publishes so many items that a list shows and that can never be acknowledged. */
  publishUnackable?(count: number): unknown;
  /** Lets the provider forget the acknowledged place; the feed was asked to halt when that happens. */
  expirePlace?(): unknown;
  /** Ends the leases under way, as their time would. @default a lease of up to a second is waited for */
  endLeases?(): unknown;
  /** Gives a receipt that the provider never gave. */
  unknownReceipt?(): Receipt;
  /** Lets pulls fail. */
  failPull?(fault: FeedFault): void;
  /** Lets acks fail; of a call with many receipts, one at a time. */
  failAck?(fault: FeedFault): void;
  /** Takes all faults away. */
  heal?(): void;
  /** Counts the requests of pulls and acks. */
  requests?(): RequestCount;
  /** Texts that must show nowhere: credentials and what is made of them. */
  secrets?(): readonly string[];
  /** Ends what the harness holds. Called after each law. */
  close?(): unknown;
}
