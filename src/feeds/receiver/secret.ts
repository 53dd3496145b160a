/** Where a receiver looks for its secret in the address of a request. */
export interface SecretPlace {
  /** `"query"`: in the parameter `parameter`. `"path"`: the last segment of the path. */
  readonly in: "query" | "path";
  /** The name of the query parameter. */
  readonly parameter: string;
}

/** Tells whether an address carries one of the secrets. */
export type SecretCheck = (url: URL) => boolean;

/**
 * Makes the check of a secret in the address.
 *
 * Every secret is looked at in full, whichever fits, and the time taken depends on the length of
 * what was given alone: neither a secret nor its length can be found out by measuring.
 */
export function createSecretCheck(secrets: readonly string[], place: SecretPlace): SecretCheck {
  const expected = secrets.map(codesOf);
  return (url) => {
    const given = codesOf(givenSecret(url, place));
    let found = 0;
    for (const secret of expected) found |= isSame(given, secret) ? 1 : 0;
    return found === 1;
  };
}

function givenSecret(url: URL, place: SecretPlace): string {
  if (place.in === "query") return url.searchParams.get(place.parameter) ?? "";
  return url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
}

/** A text as numbers, which costs less than its bytes do. */
function codesOf(text: string): readonly number[] {
  const codes: number[] = [];
  for (let at = 0; at < text.length; at += 1) codes.push(text.charCodeAt(at));
  return codes;
}

/**
 * Compares two rows of bytes, or of other numbers below 2^31, in a time that depends on the length of `given` alone.
 *
 * Without WebCrypto, whose digest would cost as much as the rest of the receiver together.
 */
export function isSame(given: ArrayLike<number>, expected: ArrayLike<number>): boolean {
  let difference = given.length ^ expected.length;
  for (let index = 0; index < given.length; index += 1) {
    difference |= (given[index] ?? 0) ^ (expected[index % expected.length] ?? 0);
  }
  return difference === 0;
}
