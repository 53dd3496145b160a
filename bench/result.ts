/** What a row says. */
export interface Result {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The least and the most of the rounds. */
  readonly spread: readonly [number, number];
  /** What it is compared with, in its own unit. */
  readonly baseline: string;
  /** `null` where a row only states what there is; then `met` is `null` too. */
  readonly target: number | null;
  readonly met: boolean | null;
}

/** What is to be reached on Node 20 and 22, and on Node 24 and newer; `atLeast` where more is better. */
export interface Target {
  readonly node20: number;
  readonly node24: number;
  readonly atLeast?: true;
}

/** Which of its rows a run wants, how often each is measured, and how many events there are. */
export interface Plan {
  /** How often each side of a row is measured, one after the other. */
  readonly rounds: number;
  /** The part of a row's events that is used: 1, or less where it shall only be seen to run. */
  readonly part: number;
  wants(name: string): boolean;
}

/** Whether this is a Node on which what is written by hand costs half. */
export const isNode24 = Number(process.versions.node.split(".")[0]) >= 24;

/** The value in the middle. */
export const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;

/** To three digits behind the point. */
export const round = (value: number): number => Math.round(value * 1000) / 1000;

/** The median of what was measured, with how far the rounds lie apart. */
export const told = (values: readonly number[], unit: string): string =>
  `${round(median(values))} ${unit} (${round(Math.min(...values))} - ${round(Math.max(...values))})`;

/** The row of some rounds. */
export function toResult(
  name: string,
  unit: string,
  values: readonly number[],
  baseline: string,
  wanted?: Target,
): Result {
  const value = round(median(values));
  if (!Number.isFinite(value)) throw new Error(`${name}: nothing was measured`);
  const spread = [round(Math.min(...values)), round(Math.max(...values))] as const;
  const row = { name, value, unit, spread, baseline };
  if (wanted === undefined) return { ...row, target: null, met: null };
  const target = isNode24 ? wanted.node24 : wanted.node20;
  return { ...row, target, met: wanted.atLeast ? value >= target : value <= target };
}
