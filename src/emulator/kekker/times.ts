/**
 * A time in the form that the emulator keeps: UTC, `2020-08-04T21:23:14.8130000`, which sorts as text.
 */
export type StoredTime = string;

const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)?$/;

/** Keeps an instant of the clock, epoch ms. */
export function fromEpochMs(epochMs: number): StoredTime {
  return `${new Date(epochMs).toISOString().slice(0, -1)}0000`;
}

/** What a text says of a time, and how its zone is written; `undefined` when it is none. */
export function parseTime(
  text: string,
): { readonly time: StoredTime; readonly zone: "none" | "Z" | "offset" } | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, whole = "", fraction = "", zone] = match;
  const epochMs = Date.parse(`${whole}${zone ?? "Z"}`);
  if (Number.isNaN(epochMs)) return undefined;
  const seconds = new Date(epochMs).toISOString().slice(0, 19);
  const written = zone === undefined ? "none" : "offset";
  return { time: `${seconds}.${fraction.padEnd(7, "0")}`, zone: zone === "Z" ? "Z" : written };
}

/** Writes a time: short and without a zone as the examples, or full as the schema says. */
export function writeTime(time: StoredTime, form: "short" | "full"): string {
  return form === "full" ? `${time}+00:00` : time.replace(/\.?0*$/, "");
}
