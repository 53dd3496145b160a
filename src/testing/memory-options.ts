import { AckloopError } from "../core/errors.ts";
import type { EventCatalogue, FeedEvent } from "../core/event.ts";

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

/** The options with every default filled in. */
export interface MemorySettings {
  readonly name: string;
  readonly acks: "individual" | "cumulative";
  readonly pulls: "unacked" | "onward";
  readonly waits: boolean;
  readonly acksOnPull: boolean;
  readonly receipts: "each" | "page";
  readonly pageSize: number;
  readonly leaseMs: number | undefined;
  readonly again: boolean;
  readonly pages: boolean;
  readonly events: EventCatalogue | undefined;
}

/** What a value must be, in words, and whether one is. */
interface Rule {
  readonly says: string;
  readonly fits: (value: unknown) => boolean;
}

/** The rules of the members that an object may have. */
type Rules = Readonly<Record<string, Rule>>;

/** A whole number from `least` on; for a count `Infinity` too. */
export function wholeFrom(least: number): Rule {
  const fits = (value: unknown) => Number.isInteger(value) || value === Number.POSITIVE_INFINITY;
  return {
    says: `a whole number from ${least}`,
    fits: (value) => fits(value) && (value as number) >= least,
  };
}

/** One of some texts. */
export function oneOf(...texts: readonly string[]): Rule {
  return {
    says: texts.map((text) => `"${text}"`).join(" or "),
    fits: (value) => texts.includes(value as string),
  };
}

/** A number of milliseconds, from 0. */
export const milliseconds: Rule = {
  says: "a number of milliseconds, from 0",
  fits: (value) => typeof value === "number" && value >= 0,
};

/** True or false. */
export const yesOrNo: Rule = {
  says: "true or false",
  fits: (value) => typeof value === "boolean",
};

/** Anything at all. */
export const anything: Rule = { says: "anything", fits: () => true };

const text: Rule = {
  says: "a text that is not empty",
  fits: (value) => typeof value === "string" && value !== "",
};

const rules: Rules = {
  name: text,
  acks: oneOf("individual", "cumulative"),
  pulls: oneOf("unacked", "onward"),
  waits: yesOrNo,
  acksOnPull: yesOrNo,
  receipts: oneOf("each", "page"),
  pageSize: wholeFrom(1),
  leaseMs: wholeFrom(1),
  again: yesOrNo,
  pages: yesOrNo,
  events: { says: "an object", fits: (value) => typeof value === "object" && value !== null },
};

/** What a kind must be to have an ability. */
const needs: Readonly<Record<string, Partial<Pick<MemorySettings, "acks" | "pulls">>>> = {
  waits: { pulls: "onward" },
  leaseMs: { acks: "individual", pulls: "onward" },
  acksOnPull: { acks: "cumulative", pulls: "unacked" },
  receipts: { acks: "cumulative" },
};

/**
 * Checks the options of a {@link memoryFeed}, and fills in the defaults.
 *
 * @throws {AckloopError} `config`, which names the option and says what is right.
 */
export function toMemorySettings(options: object): MemorySettings {
  checkMembers("memoryFeed", options, rules);
  const settings: MemorySettings = {
    name: "memory",
    acks: "individual",
    pulls: "unacked",
    waits: false,
    acksOnPull: false,
    receipts: "each",
    pageSize: 100,
    leaseMs: undefined,
    again: true,
    pages: false,
    events: undefined,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
  for (const [ability, kind] of Object.entries(needs)) {
    const given = (options as Readonly<Record<string, unknown>>)[ability];
    if (given === undefined || given === false) continue;
    const wanted = Object.entries(kind);
    const fits = wanted.every(([name, value]) => settings[name as keyof MemorySettings] === value);
    const rule = wanted.map(([name, value]) => `${name}: "${value}"`).join(" and ");
    if (!fits) throw wrong("memoryFeed", `option \`${ability}\` needs ${rule}`);
  }
  return settings;
}

/**
 * Checks the members of an object against their rules; one that is `undefined` is not there.
 *
 * @throws {AckloopError} `config`, which names the member and says what is right.
 */
export function checkMembers(what: string, given: unknown, allowed: Rules): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrong(what, "the options must be an object");
  }
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (rule === undefined) {
      const known = Object.keys(allowed).join(", ");
      throw wrong(what, `there is no option \`${name}\`; there are ${known}`);
    }
    if (value === undefined || rule.fits(value)) continue;
    throw wrong(what, `option \`${name}\` must be ${rule.says}`);
  }
}

/** The error of a wrong use. */
export function wrong(what: string, rule: string): AckloopError {
  return new AckloopError("config", `${what}: ${rule}`);
}
