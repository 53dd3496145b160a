/** Shorter than this it is part of too much else: it is looked for as a word of its own. */
const LEAST = 4;

/** What says nothing by itself. */
const harmless: ReadonlySet<string> = new Set(["", "null", "true", "false"]);

/** More texts than this are not looked for within each text of a long value, only as the whole of one. */
const MOST_SOUGHT = 100;

/** A text with what JSON and addresses write in another way, as it is read: to look for names in it. */
export function plainly(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/(?:%[0-9a-f]{2})+/gi, (coded) => orAsItIs(decodeURIComponent, coded));
}

/** What is half a sign, or none of UTF-8, stays. */
function orAsItIs(written: (text: string) => string, text: string): string {
  try {
    return written(text);
  } catch {
    return text;
  }
}

/**
 * Whether a text gives something under a name: `"name": …`, `name=…`, `of[name][]=…`, `<name …`, `name="name"`,
 * `"key": "name"`.
 */
export function isGivenIn(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const before = text.slice(Math.max(0, at - 40), at);
    const after = text.slice(at + name.length, at + name.length + 60);
    if (/[\p{L}\p{N}_]$/u.test(before)) continue;
    if (/^["'\\\]]*(?:\[[^\]]*\])*\s*[=:>]/.test(after)) return true;
    const isNamed = /(?:<(?:[\w.-]+:)?|\b(?:name|key)(?:=["'\\]*|["'\\]+\s*:\s*["'\\]+))$/i.test(
      before,
    );
    if (isNamed && !/^[\p{L}\p{N}_-]/u.test(after)) return true;
  }
  return false;
}

/** As a text is, as JSON writes it, and as addresses and forms do. */
function formsOf(text: string): readonly string[] {
  const inAddress = orAsItIs(encodeURIComponent, text);
  return [text, JSON.stringify(text).slice(1, -1), inAddress, inAddress.replaceAll("%20", "+")];
}

/** A text for people, in which texts that were masked are masked, however they are written. */
export function maskIn(text: string, masked: ReadonlySet<string>, mask: string): string {
  const found = new Set<string>();
  for (const each of masked) {
    if (harmless.has(each)) continue;
    for (const form of formsOf(each)) {
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
      return [
        all.sought.has(name) && name.length >= LEAST ? mask : name,
        maskLeaves(member, all, mask),
      ];
    });
    return Object.fromEntries(members);
  }
  if (all.sought.has(String(value))) return mask;
  return typeof value === "string" ? maskIn(value, all.within, mask) : value;
}
