import type { ConsumerConfig, StreamConfig } from "@nats-io/jetstream";
import { inWords } from "../core/words.ts";
import { queueError } from "./error.ts";

const NS_IN_MS = 1_000_000;

export function toNs(ms: number): number {
  return Math.round(ms * NS_IN_MS);
}

export function toMs(ns: number | undefined): number {
  return (ns ?? 0) / NS_IN_MS;
}

/** What a member of a configuration must be, in the engine's own form. */
type Wanted = Readonly<Record<string, unknown>>;

/** The engine leaves a member out whose value is nothing. */
const nothing = (value: unknown): boolean =>
  value === undefined ||
  value === 0 ||
  value === -1 ||
  value === false ||
  value === "" ||
  (Array.isArray(value) && value.length === 0);

function isSame(is: unknown, wanted: unknown): boolean {
  if (nothing(wanted)) return nothing(is);
  return JSON.stringify(is) === JSON.stringify(wanted);
}

const times: readonly string[] = ["max_age", "duplicate_window", "ack_wait"];

function shown(member: string, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "not set";
  if (times.includes(member) && typeof value === "number") return inWords(toMs(value));
  return JSON.stringify(value);
}

/**
 * Checks what is there against what it must be.
 *
 * @throws {AckloopError} `config`, which names the member and what is right.
 */
export function checkMembers(what: string, is: object, wanted: Wanted): void {
  for (const [member, right] of Object.entries(wanted)) {
    const value: unknown = Reflect.get(is, member);
    if (isSame(value, right)) continue;
    const now = shown(member, value);
    const text = `\`${member}\` of the ${what} is ${now}, and must be ${shown(member, right)}`;
    throw queueError("config", "ensure", text);
  }
}

/** What a stream must be, whatever it was made by: nothing is dropped, and each publish is confirmed. */
export const SOUND_STREAM = Object.freeze({
  discard: "new",
  max_msgs_per_subject: -1,
  no_ack: false,
  sealed: false,
  mirror: undefined,
}) satisfies Wanted;

/** What a consumer must be: all events, each acknowledged for itself, brought again until it is. */
export const SOUND_CONSUMER = Object.freeze({
  ack_policy: "explicit",
  deliver_policy: "all",
  max_deliver: -1,
  replay_policy: "instant",
  deliver_subject: undefined,
  headers_only: false,
  backoff: [],
  filter_subjects: [],
}) satisfies Wanted;

export type MadeStream = Partial<StreamConfig> & { readonly name: string };
export type MadeConsumer = Partial<ConsumerConfig>;
