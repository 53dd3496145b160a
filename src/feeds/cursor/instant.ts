/** A point in time: a `Date`, epoch ms, or RFC 3339 text with an offset. */
export type Instant = Date | number | string;

/** Tells whether a value is a point in time. */
export function isInstant(value: unknown): value is Instant {
  if (value === null || !["string", "number", "object"].includes(typeof value)) return false;
  const zoneless = typeof value === "string" && !/([zZ]|[+-]\d\d:?\d\d)$/.test(value);
  const at = new Date(value as Instant);
  // The years that RFC 3339 can write.
  return !zoneless && !Number.isNaN(at.getTime()) && /^(?!0000)\d{4}-/.test(at.toISOString());
}

/**
 * Tells whether a value is an instant as RFC 3339 writes it. `Date.parse` alone takes much more, such as
 * the year 275760, which no event may have as its time and from which nothing can be counted.
 */
export function isTimestamp(value: unknown): value is string {
  if (typeof value !== "string") return false;
  return plain.test(value) || (timestamp.test(value) && !Number.isNaN(Date.parse(value)));
}

/** As `toISOString` writes it, on a day that is sure to be one: nearly every timestamp, and in UTC already. */
const plain =
  /^(?!0000|\d{4}-02-(?:29|30))\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|30)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const timestamp = /^(?!0000)\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/;

/** Writes a timestamp in UTC; one whose offset is none keeps every digit of its seconds. */
export function toUtc(time: string): string {
  if (plain.test(time)) return time;
  return time.endsWith("+00:00") ? `${time.slice(0, -6)}Z` : new Date(time).toISOString();
}

/** How far the clocks of server and client may differ, in ms. */
const skewMs = 60_000;

/**
 * Tells whether a time is to come, by the server's clock where it tells it, epoch ms in whole seconds. Nothing
 * can be counted from such a one: what comes behind it may have an earlier time.
 */
export function isToCome(time: string, sentAt?: number): boolean {
  return Date.parse(time) > (sentAt === undefined ? Date.now() + skewMs : sentAt + 1_000);
}
