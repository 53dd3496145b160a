/** The units of a duration, the longest first, each from twice its length: "90 s" says more than "2 min". */
const units = [
  ["days", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** A duration as a person reads it: "250 ms", "8 s", "4 min", "3 h", "2 days". */
export function inWords(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1000) return `${whole} ms`;
  if (whole < 10_000) return `${Math.round(whole / 100) / 10} s`;
  const unit = units.find(([, length]) => whole >= 2 * length || whole === length) ?? units[3];
  const [name, length] = unit;
  const count = Math.round(whole / length);
  return count === 1 && name === "days" ? "1 day" : `${count} ${name}`;
}

/** The longest line, in characters. */
const LONGEST_LINE = 2000;

/**
 * A text as one line that every logger writes as it is: no character in it ends a line, or moves a terminal's
 * cursor; none is a place to fill in, where winston, a console or LogTape look for one (`%d`, `{name}`).
 */
export function onOneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
  const plain = line
    .replace(/%(?=[a-z%])/gi, "% ")
    .replace(/\{/g, "(")
    .replace(/\}/g, ")");
  return plain.slice(0, LONGEST_LINE);
}
