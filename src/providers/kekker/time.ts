import { wrong } from "../../http/options.ts";

const timePattern =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?)? ?(Z|z|[+-]\d\d:?\d\d)?$/;

/** A time in UTC on a day that is sure to be one: nothing of it is to be checked or counted. */
const plainTime =
  /^(?!0000|\d{4}-02-(?:29|30))\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|30)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z?$/;

/**
 * Reads a time as Kekker writes it and gives it in RFC 3339 and UTC, with every fraction digit.
 *
 * A time without a zone is UTC. `undefined` for what is no time: another form, or a day or hour that
 * does not exist.
 *
 * Source: "API Events Requests" (fields "UTC event time", examples without a zone), read 2026-11.
 */
export function toUtcTime(text: string): string | undefined {
  if (plainTime.test(text)) return text.endsWith("Z") ? text : `${text}Z`;
  const match = timePattern.exec(text.trim());
  if (match === null) return undefined;
  const [, day = "", minute = "00:00", second = "00", fraction, zone] = match;
  const local = `${day}T${minute}:${second}`;
  const epochMs = Date.parse(`${local}Z`);
  // Date.parse turns February 30 into March 1; such a day is no time.
  if (Number.isNaN(epochMs) || !new Date(epochMs).toISOString().startsWith(local)) return undefined;
  const utc = new Date(epochMs - zoneOffsetMs(zone)).toISOString();
  // An offset can carry the first and the last day out of the years that both sides can write.
  if (!/^(?!0000)\d{4}-/.test(utc)) return undefined;
  return `${utc.slice(0, 19)}${fraction === undefined ? "" : `.${fraction}`}Z`;
}

function zoneOffsetMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

/** Gives the earlier of two times that {@link toUtcTime} made. */
export function earlierTime(a: string, b: string): string {
  // Up to the seconds both have fixed width, and fractions compare digit by digit as text does.
  return a.slice(0, -1) <= b.slice(0, -1) ? a : b;
}

/** How the zone of a reset time is written: not at all, as `Z`, or as `+00:00`. */
export type KekkerZone = "none" | "Z" | "offset";

const zoneText: Readonly<Record<KekkerZone, string>> = { none: "", Z: "Z", offset: "+00:00" };

/** .NET counts in steps of 100 ns, seven fraction digits; the server could not read more. */
const fractionDigits = 7;

/**
 * Writes a reset time: UTC, never later than what was given.
 *
 * A reset is inclusive, so a little too early repeats events and a little too late loses them: a
 * number and a `Date` are rounded down to the ms, a text is cut after seven fraction digits.
 *
 * @throws {AckloopError} `config` when it is no time.
 */
export function toResetTime(time: string | Date | number, zone: KekkerZone): string {
  const utc = typeof time === "string" ? toUtcTime(time) : fromEpoch(Number(time));
  if (utc === undefined) {
    throw wrong(
      "kekker",
      "the time must be a Date, epoch milliseconds, or a text such as 2020-08-04T21:23:14.813",
      "reset",
    );
  }
  const [whole = "", fraction = ""] = utc.slice(0, -1).split(".");
  const kept = fraction.slice(0, fractionDigits);
  return `${whole}${kept === "" ? "" : `.${kept}`}${zoneText[zone]}`;
}

function fromEpoch(epochMs: number): string | undefined {
  const date = new Date(Math.floor(epochMs));
  return Number.isNaN(date.getTime()) ? undefined : toUtcTime(date.toISOString());
}
