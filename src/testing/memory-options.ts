import { AckloopError } from "../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../core/event.ts";
import {
  checkOptions,
  type FilledOf,
  flag,
  isObject,
  name,
  oneOf,
  optionError,
  Rule,
} from "../core/options.ts";

/** What every {@link memoryFeed} may be told, whatever its kind. */
export interface MemoryBasics<E extends FeedEvent = FeedEvent> {
  /** The feed's name. @default `"memory"` */
  readonly name?: string | undefined;
  /**
   * The most deliveries of one pull, from 1. A list of what is not acked, individually, gives as many
   * as `limit` asks for, or else what is stuck at its head would hide the rest. @default 100
   */
  readonly pageSize?: number | undefined;
  /** Whether a delivery can be read `again()`; `false` leaves that to whoever copies. @default true */
  readonly again?: boolean | undefined;
  /** The schemas of the event types. */
  readonly events?: EventCatalogue<E> | undefined;
}

/** A list of what is not acked, such as Kekker's: the default. */
export interface MemoryList extends Without<"waits" | "leaseMs" | "acksOnPull" | "receipts"> {
  /** Each event by itself. @default `"individual"` */
  readonly acks?: "individual" | undefined;
  /** What is open, what is in work included. @default `"unacked"` */
  readonly pulls?: "unacked" | undefined;
}

/** A work queue, such as an inbox: what one pull was given, no other gets. */
export interface MemoryQueue extends Without<"acksOnPull" | "receipts"> {
  /** Each event by itself. @default `"individual"` */
  readonly acks?: "individual" | undefined;
  /** What no other pull was given. */
  readonly pulls: "onward";
  /** Whether a pull of an empty feed waits. @default false */
  readonly waits?: boolean | undefined;
  /**
   * For how long what was pulled is hidden, in ms, from 1; then it comes again, at the head.
   * @default for good, until it is given back or the feed is opened anew
   */
  readonly leaseMs?: number | undefined;
}

/** Pages that are the same until they are acked, such as Tiki's. */
export interface MemoryPages extends Without<"waits" | "leaseMs"> {
  /** Everything up to here. */
  readonly acks: "cumulative";
  /** What is open, what is in work included. @default `"unacked"` */
  readonly pulls?: "unacked" | undefined;
  /** Whether a pull may carry an ack. @default false */
  readonly acksOnPull?: boolean | undefined;
  /** Where the receipts stand: on each delivery, or on a page's last. @default `"each"` */
  readonly receipts?: "each" | "page" | undefined;
}

/** A log with a cursor, such as Workato's. */
export interface MemoryLog extends Without<"leaseMs" | "acksOnPull"> {
  /** Everything up to here. */
  readonly acks: "cumulative";
  /** What comes after `after`. */
  readonly pulls: "onward";
  /** Whether a pull of an empty feed waits. @default false */
  readonly waits?: boolean | undefined;
  /** Where the receipts stand: on each delivery, or on a page's last. @default `"each"` */
  readonly receipts?: "each" | "page" | undefined;
}

type Without<Name extends string> = { readonly [Each in Name]?: undefined };

/** What kind of feed a {@link memoryFeed} is. */
export type MemoryKind = MemoryList | MemoryQueue | MemoryPages | MemoryLog;

/** A whole number from 1; `Infinity` is one too. */
export const count: Rule<number> = new Rule({
  must: "a whole number from 1",
  test: (value) =>
    value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 1),
});

const table = {
  name: name.or("memory"),
  acks: oneOf("individual", "cumulative").or("individual"),
  pulls: oneOf("unacked", "onward").or("unacked"),
  waits: flag.or(false),
  acksOnPull: flag.or(false),
  receipts: oneOf("each", "page").or("each"),
  pageSize: count.or(100),
  leaseMs: count,
  again: flag.or(true),
  pages: flag.or(false),
  events: new Rule<EventCatalogue>({ must: "an object", test: isObject }),
};

/** The options with every default filled in. */
export type MemorySettings = FilledOf<typeof table>;

/** What a kind must be to have an ability. */
const needs = {
  waits: { pulls: "onward" },
  leaseMs: { acks: "individual", pulls: "onward" },
  acksOnPull: { acks: "cumulative", pulls: "unacked" },
  receipts: { acks: "cumulative" },
} satisfies Partial<Record<keyof MemorySettings, Partial<MemorySettings>>>;

/**
 * Checks the options of a {@link memoryFeed}, and fills in the defaults.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function toMemorySettings(options: object): MemorySettings {
  const settings = checkOptions("memoryFeed", options, table);
  for (const [ability, kind] of Object.entries(needs)) {
    const given: unknown = Reflect.get(options, ability);
    if (given === undefined || given === false) continue;
    const wanted = Object.entries(kind);
    const fits = wanted.every(([each, value]) => Reflect.get(settings, each) === value);
    const rule = wanted.map(([each, value]) => `${each}: "${value}"`).join(" and ");
    if (!fits) throw optionError("memoryFeed", ability, `needs ${rule}`);
  }
  return settings;
}

/** The error of a wrong use. */
export function wrong(what: string, rule: string): AckloopError {
  return new AckloopError("config", `${what}: ${rule}`);
}
