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
    secretNames.test(name) ? [value, ...value.split(" ").slice(1)] : [],
  );
}

/** A secret that holds another one goes first, or a part of it would be left. */
function longestFirst(secrets: readonly string[]): readonly string[] {
  const forms = secrets.flatMap((secret) => [secret, encodeLeniently(secret)]);
  return [...new Set(forms)]
    .filter((secret) => secret !== "")
    .sort((one, other) => other.length - one.length);
}

function encodeLeniently(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}
