/** Shorter than this it is part of too much else: it is looked for as a word of its own. */
const LEAST = 4;

/** What says nothing by itself. */
const harmless: ReadonlySet<string> = new Set(["", "null", "true", "false"]);

/** More texts than this are not looked for within each text of a long value, only as the whole of one. */
const MOST_SOUGHT = 100;

/** A text for people, in which texts that were masked are masked: as they are, and as JSON writes them. */
export function maskIn(text: string, masked: ReadonlySet<string>, mask: string): string {
  const found = new Set<string>();
  for (const each of masked) {
    if (harmless.has(each)) continue;
    for (const form of [each, JSON.stringify(each).slice(1, -1)]) {
      if (text.includes(form)) found.add(form);
    }
  }
  const whole = [...found]
    .toSorted((one, other) => other.length - one.length)
    .reduce((rest, each) => replaceAll(rest, each, mask), text);
  return maskEnd(whole, masked, mask);
}

function replaceAll(text: string, each: string, mask: string): string {
  if (each.length >= LEAST) return text.replaceAll(each, mask);
  const word = each.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}_])${word}(?![\\p{L}\\p{N}_])`, "gu"), mask);
}

/** A text this long was cut, maybe within what was masked. */
const LONG = 480;

function maskEnd(text: string, masked: ReadonlySet<string>, mask: string): string {
  if (text.length < LONG) return text;
  const end = text.slice(-LEAST);
  const lengths = [...masked].map((each) => {
    let at = each.lastIndexOf(end);
    while (at > 0 && !text.endsWith(each.slice(0, at + LEAST))) at = each.lastIndexOf(end, at - 1);
    return at === -1 || !text.endsWith(each.slice(0, at + LEAST)) ? 0 : at + LEAST;
  });
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  return longest === 0 ? text : text.slice(0, -longest) + mask;
}

/** A value in which every text and number that was masked elsewhere is masked. */
export function maskSame(value: unknown, masked: ReadonlySet<string>, mask: string): unknown {
  const sought = new Set([...masked].filter((each) => !harmless.has(each)));
  const isLong = sought.size > MOST_SOUGHT;
  if (isLong && typeof value === "string") return mask;
  const within = isLong ? new Set<string>() : sought;
  return sought.size === 0 ? value : maskLeaves(value, { sought, within }, mask);
}

interface Sought {
  /** Each masks what is equal. */
  readonly sought: ReadonlySet<string>;
  /** Each is masked within texts too. */
  readonly within: ReadonlySet<string>;
}

function maskLeaves(value: unknown, all: Sought, mask: string): unknown {
  if (Array.isArray(value)) return value.map((item) => maskLeaves(item, all, mask));
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([name, member]) => {
      return [name, maskLeaves(member, all, mask)];
    });
    return Object.fromEntries(members);
  }
  if (all.sought.has(String(value))) return mask;
  return typeof value === "string" ? maskIn(value, all.within, mask) : value;
}
