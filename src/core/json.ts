/**
 * Parses JSON; a whole number past 2^53 keeps its text, as a string.
 *
 * `JSON.parse` would round such a number, and two ids would become one. A body without a run of 16
 * digits, which is nearly every body, costs one look at each sixteenth character. A key `__proto__`
 * becomes an ordinary property.
 *
 * @throws {SyntaxError} for what is not JSON; its message may quote the text, so it is not for people.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!hasLongDigitRun(text)) return value;
  const quoted = quoteUnsafeNumbers(text);
  return quoted === text ? value : JSON.parse(quoted);
}

/**
 * Tells whether a text that is not JSON is the beginning of one: an object, list or string that never
 * ends, as a cut connection leaves it.
 */
export function isCutJson(text: string): boolean {
  const start = text.search(/\S/);
  if (depthStep(text[start]) !== 1) return false;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '"') at = endOfString(text, at) - 1;
    depth += depthStep(text[at]);
    if (depth === 0) return false;
  }
  return true;
}

function depthStep(char: string | undefined): number {
  if (char === "{" || char === "[") return 1;
  return char === "}" || char === "]" ? -1 : 0;
}

/** The fewest digits that a number past 2^53 = 9007199254740992 has. */
const fewestDigits = 16;

/**
 * Looks for 16 digits in a row. Such a run covers a place that is a multiple of 16, so only these
 * are looked at.
 */
function hasLongDigitRun(text: string): boolean {
  for (let at = fewestDigits - 1; at < text.length; at += fewestDigits) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    while (start > 0 && isDigit(text.charCodeAt(start - 1))) start -= 1;
    if (endOfDigits(text, at) - start >= fewestDigits) return true;
  }
  return false;
}

/** Puts quotes around the numbers past 2^53 of a text that is known to be JSON. */
function quoteUnsafeNumbers(text: string): string {
  let quoted = "";
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
    } else if (code === 0x2d || isDigit(code)) {
      const end = endOfNumber(text, at);
      const token = text.slice(at, end);
      if (isUnsafe(token)) {
        quoted += `${text.slice(copied, at)}"${token}"`;
        copied = end;
      }
      at = end;
    } else {
      at += 1;
    }
  }
  return copied === 0 ? text : quoted + text.slice(copied);
}

/** A number that is written with 16 digits or more before its point, and is past 2^53. */
function isUnsafe(token: string): boolean {
  const start = token.startsWith("-") ? 1 : 0;
  const isLong = endOfDigits(token, start) - start >= fewestDigits;
  return isLong && Math.abs(Number(token)) > Number.MAX_SAFE_INTEGER;
}

/** The place behind the string that begins at `start`; past the text's end if it never ends. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length + 1;
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isNumberPart(text.charCodeAt(end))) end += 1;
  return end;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** A digit, or one of `+ - . E e`. */
function isNumberPart(code: number): boolean {
  return (
    isDigit(code) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x45 ||
    code === 0x65
  );
}
