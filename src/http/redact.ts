/** The longest text of a provider's that an error repeats, in characters. */
const maxTextLength = 300;

/**
 * Makes a provider's text fit for an error's message: one line, at most 300 characters, and without
 * any of the secrets.
 */
export function toPlainText(text: string, secrets: readonly string[]): string {
  let plain = text;
  for (const secret of longestFirst(secrets)) plain = plain.replaceAll(secret, "[redacted]");
  plain = plain.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  if (plain.length <= maxTextLength) return plain;
  // A cut through a surrogate pair would leave half a character.
  return `${plain.slice(0, maxTextLength - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Names of headers and form fields whose values are secrets. */
const secretNames = /authorization|cookie|token|secret|key|password|assertion|^code|signature/i;

/** Finds the values of a record that must not be seen. */
export function secretsOf(record: Readonly<Record<string, string>> | undefined): readonly string[] {
  if (record === undefined) return [];
  return Object.entries(record).flatMap(([name, value]) =>
    // What stands behind a scheme, such as `Basic `, is a secret without it too.
    secretNames.test(name) ? [value, ...value.split(" ").slice(1), ...passwordsOf(value)] : [],
  );
}

/**
 * Finds what of an address may be a secret, as of a webhook's: its whole, the values of its query and
 * the last segment of its path, where these are long enough for one.
 */
export function secretsOfUrl(address: string | undefined): readonly string[] {
  if (address === undefined || !URL.canParse(address)) return [];
  const { searchParams, pathname, username, password } = new URL(address);
  const parts = [...searchParams.values(), pathname.split("/").at(-1) ?? "", username, password];
  return [address, ...parts.filter((part) => part.length >= shortestUrlSecret)];
}

/** Shorter parts of an address are words; without them no error could be understood. */
const shortestUrlSecret = 8;

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
  return [...new Set(secrets.flatMap(formsOf))]
    .filter((secret) => secret !== "")
    .sort((one, other) => other.length - one.length);
}

/** The ways in which a server may repeat a text: as it is, or encoded for an address, JSON or base64. */
function formsOf(secret: string): readonly string[] {
  const inUrl = leniently(encodeURIComponent, secret);
  const lowerCase = inUrl.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const inForm = new URLSearchParams([["", secret]]).toString().slice(1);
  const bytes = Array.from(new TextEncoder().encode(secret), (byte) => String.fromCharCode(byte));
  const base64 = btoa(bytes.join("")).replace(/=+$/, "");
  const base64Url = base64.replaceAll("+", "-").replaceAll("/", "_");
  return [secret, inUrl, lowerCase, inForm, JSON.stringify(secret).slice(1, -1), base64, base64Url];
}

/** What a conversion gives, or the text itself where the text is not well-formed. */
function leniently(convert: (text: string) => string, text: string): string {
  try {
    return convert(text);
  } catch {
    return text;
  }
}
