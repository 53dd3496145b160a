import { kindOf } from "../core/foreign.ts";
import { causesOf } from "../core/network.ts";

/** The longest text of a provider's that an error repeats, in characters. */
const maxTextLength = 300;

/**
 * How much of a longer text is looked through, in characters. What that takes grows with the text and with
 * each secret, on the one thread that there is, and a server or a caller decides how long a text is.
 */
const maxLookedThrough = 4_096;

/** A part of a secret that is too short to be found is shorter than this, in any of its forms. */
const maxUnfound = 2_048;

/**
 * Makes a provider's text fit for an error's message: one line, at most 300 characters, and without
 * any of the secrets. Of a long text, only its beginning is looked through.
 */
export function toPlainText(text: string, secrets: readonly string[]): string {
  return redactorOf(() => secrets)(text);
}

/** As {@link toPlainText}, for several texts of one call; the secrets are asked for with the first. */
export function redactorOf(secrets: () => readonly string[]): (text: string) => string {
  let known: readonly Wanted[] | undefined;
  return (text) => {
    known ??= longestFirst(secrets()).map(toWanted);
    if (text.length <= maxLookedThrough) return shorten(toOneLine(redact(text, known)));
    const plain = redact(text.slice(0, maxLookedThrough), known);
    // A secret that goes on behind the cut may not have been found.
    const isDone = plain.endsWith("[redacted]");
    return shorten(`${toOneLine(isDone ? plain : plain.slice(0, -maxUnfound))}…`);
  };
}

/**
 * What somebody's code threw, as it is; where its text holds a secret of the call of 8 characters or more, or is
 * too long to be looked through, a copy in its place: its name, its text without the secrets, and the places it passed.
 */
export function withoutSecrets(thrown: unknown, secrets: () => readonly string[]): unknown {
  // A test's `fetch` fails too, and its token may be a letter.
  const long = secrets().filter((secret) => secret.length >= shortestUnnamed);
  const known = longestFirst(long).map(toWanted);
  const isHarmless = (text: string): boolean => {
    const begin = text.slice(0, maxLookedThrough);
    return redact(begin, known) === begin;
  };
  const texts = causesOf(thrown).map(textsOf);
  const isShort = texts.every(({ message }) => message.length <= maxLookedThrough);
  if (isShort && texts.every((each) => isHarmless(each.message) && isHarmless(each.stack))) {
    return thrown;
  }
  const { message, stack } = textsOf(thrown);
  const copy = new Error(toPlainText(message, long));
  copy.name = kindOf(thrown);
  const places = stack.split("\n").filter((line) => /^ +at .+:\d+/.test(line) && isHarmless(line));
  copy.stack = [`${copy.name}: ${copy.message}`, ...places].join("\n");
  return copy;
}

function textsOf(thrown: unknown): { readonly message: string; readonly stack: string } {
  const { message = "", stack = "" } = Object(thrown);
  return { message: String(message), stack: String(stack) };
}

function redact(text: string, secrets: readonly Wanted[]): string {
  let redacted = withoutEncoded(text, secrets);
  for (const each of secrets) {
    if (each.beginning.test(redacted)) redacted = redacted.replace(each.pattern, "[redacted]");
  }
  return redacted;
}

function toOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
}

function shorten(text: string): string {
  if (text.length <= maxTextLength) return text;
  // A cut through a surrogate pair would leave half a character.
  return `${text.slice(0, maxTextLength - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** A secret that is looked for. */
interface Wanted {
  /** Finds its first characters: the pattern of a whole one takes long to prepare, and is seldom needed. */
  readonly beginning: RegExp;
  readonly pattern: RegExp;
  /** The fewest characters of base64 that can hold it. */
  readonly encodedLength: number;
}

function toWanted(secret: string): Wanted {
  let whole: RegExp | undefined;
  return {
    beginning: new RegExp(Array.from(secret).slice(0, 6).map(formsOf).join(""), "i"),
    get pattern() {
      whole ??= patternOf(secret);
      return whole;
    },
    encodedLength: (Math.min(secret.length, lookedFor) * 4) / 3,
  };
}

/** Names of headers and form fields whose values are secrets. */
const secretNames = /authorization|cookie|token|secret|key|password|assertion|^code|signature/i;

/** Finds the values of a record that must not be seen. */
export function secretsOf(record: Readonly<Record<string, string>> | undefined): readonly string[] {
  if (record === undefined) return [];
  return Object.entries(record).flatMap(([name, value]) =>
    // What stands behind a scheme, such as `Basic `, is a secret without it too.
    secretNames.test(name)
      ? [value, ...value.split(" ").slice(1), ...passwordsOf(value), ...membersOf(value, 4)]
      : [],
  );
}

/** The values inside of a value that is made of pairs, such as a cookie's, where they are long enough. */
function membersOf(value: string, shortest: number): readonly string[] {
  const members = value
    .split(/[\s;,]+/)
    .map((part) => /^[\w.-]+[=:]"?([^"]+)/.exec(part)?.[1] ?? "");
  return members.filter((member) => member.length >= shortest);
}

/** Headers that nobody keeps a secret in. */
const harmlessHeaders = /^(accept(-\w+)?|content-type|user-agent)$/;

/** What of a client's headers another host may see, such as a token endpoint. */
export function harmlessOf(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmlessHeaders.test(name)));
}

/** Finds the values of headers that must not be seen: whatever their names are, what is long enough for one. */
export function secretsOfHeaders(headers: Readonly<Record<string, string>>): readonly string[] {
  const others = Object.entries(headers).flatMap(([name, value]) =>
    harmlessHeaders.test(name)
      ? []
      : [value, ...value.split(" "), ...membersOf(value, shortestUnnamed)],
  );
  return [...secretsOf(headers), ...others.filter((value) => value.length >= shortestUnnamed)];
}

/**
 * Finds what of an address may be a secret, as of a webhook's: its whole, the values of its query and
 * the last segment of its path, where these are long enough for one.
 */
export function secretsOfUrl(address: string | undefined): readonly string[] {
  if (address === undefined || !URL.canParse(address)) return [];
  const { searchParams, pathname, username, password } = new URL(address);
  const parts = [...searchParams.values(), pathname.split("/").at(-1) ?? "", username, password];
  return [address, ...parts.filter((part) => part.length >= shortestUnnamed)];
}

/** Shorter parts of an address or a header are words; without them no error could be understood. */
const shortestUnnamed = 8;

/** The password inside of HTTP Basic, as it is and without the encoding that OAuth puts around it. */
function passwordsOf(header: string): readonly string[] {
  const [, credential] = /^Basic (.+)$/i.exec(header) ?? [];
  if (credential === undefined) return [];
  try {
    const bytes = Uint8Array.from(atob(credential), (character) => character.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    const [, password] = /:(.+)$/s.exec(text) ?? [];
    return password === undefined ? [] : [password, leniently(decodeURIComponent, password)];
  } catch {
    // Not base64, so that there is no password inside.
    return [];
  }
}

/** A secret that holds another one goes first, or a part of it would be left. */
function longestFirst(secrets: readonly string[]): readonly string[] {
  // Blanks around a header's value are not sent, so that nobody repeats them.
  return [...new Set(secrets.map((secret) => secret.trim()))]
    .filter((secret) => secret !== "")
    .sort((one, other) => other.length - one.length);
}

/** So much of a secret, and of each word behind that, is looked for; then it goes as far as the word does. */
const lookedFor = 64;
const restOfWord = '[^\\s"<]*';
/** That of a long token goes on where its line is wrapped. */
const restOfLines = "(?:[\\w+/=.-]|[\\r\\n]{1,2}(?=[\\w+/]))*";

/** What may be base64, also of addresses, and wrapped as it is in mails. */
const encodedRuns = /[\w+/-]{6,}(?:[\r\n]{1,2}[\w+/-]+)*={0,2}/g;

/** Takes out base64, by itself or of a longer text, in which a secret is. */
function withoutEncoded(text: string, secrets: readonly Wanted[]): string {
  return text.replace(encodedRuns, (run) => {
    const fitting = secrets.filter(({ encodedLength }) => encodedLength <= run.length);
    if (fitting.length === 0) return run;
    const characters = run
      .replace(/[\r\n=]/g, "")
      .replaceAll("-", "+")
      .replaceAll("_", "/");
    const utf8 = new TextDecoder();
    // It may begin within a longer word.
    const readings = [0, 1, 2, 3].map((start) => decoded(utf8, characters.slice(start)));
    const isSecret = fitting.some((secret) => readings.some((each) => isIn(secret, each)));
    return isSecret ? "[redacted]" : run;
  });
}

/** One of a few letters is in every other text. */
function isIn(secret: Wanted, text: string): boolean {
  return (
    secret.beginning.test(text) &&
    Array.from(text.matchAll(secret.pattern)).some(([found]) => found.length > 3)
  );
}

function decoded(utf8: TextDecoder, base64: string): string {
  // What is left over of a group of four holds a byte where it has two characters.
  const whole = base64.length % 4 === 1 ? base64.slice(0, -1) : base64;
  return utf8.decode(Uint8Array.from(atob(whole), (each) => each.charCodeAt(0)));
}

/**
 * Finds a text in each way in which a server may repeat it: as it is, or each of its characters with the
 * escapes of an address, of JSON, of JavaScript or of HTML, once or several times over.
 */
function patternOf(secret: string): RegExp {
  const characters = Array.from(secret, formsOf);
  if (characters.length <= lookedFor) return new RegExp(characters.join(""), "gi");
  // What is cut at the end of a word would leave the words behind it.
  const [, ...words] = Array.from(secret)
    .slice(lookedFor)
    .join("")
    .split(/[\s"<]+/);
  const others = words.filter(Boolean).map((word) => {
    const form = Array.from(word).slice(0, lookedFor).map(formsOf).join("");
    return `(?:[\\s"<\\\\]{0,9}${form}${restOfWord})?`;
  });
  const rest = /^[\w+/=.-]+$/.test(secret) ? restOfLines : restOfWord;
  return new RegExp(characters.slice(0, lookedFor).join("") + rest + others.join(""), "gi");
}

const htmlNames: Readonly<Record<string, string>> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
  "/": "sol",
};

/** A pattern of one character. Its repetitions are bounded, so that no text makes it slow. */
function formsOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = (unit: number, digits: number) => unit.toString(16).padStart(digits, "0");
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  const bytes = new TextEncoder().encode(character);
  const html = [`#0{0,6}${code}`, `#x0{0,6}${hex(code, 1)}`, htmlNames[character]];
  return `(?:${[
    `\\\\{0,8}${units.map((unit) => `\\u${hex(unit, 4)}`).join("")}`,
    units.map((unit) => `\\\\{1,8}u${hex(unit, 4)}`).join(""),
    `\\\\{1,8}u\\{0{0,4}${hex(code, 1)}\\}`,
    Array.from(bytes, (byte) => `\\\\{1,8}x${hex(byte, 2)}`).join(""),
    ...(code > 0x7f && code < 0x100 ? [`\\\\{1,8}x${hex(code, 2)}`] : []),
    Array.from(bytes, (byte) => `%(?:25){0,4}${hex(byte, 2)}`).join(""),
    `&(?:amp;){0,4}(?:${html.filter((form) => form !== undefined).join("|")});?`,
    ...(character === " " ? ["\\+"] : []),
  ].join("|")})`;
}

/** What a conversion gives, or the text itself where the text is not well-formed. */
function leniently(convert: (text: string) => string, text: string): string {
  try {
    return convert(text);
  } catch {
    return text;
  }
}
