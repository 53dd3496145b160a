/**
 * One key made of several texts, without a clash: a list as JSON.
 *
 * JSON keeps the parts apart, and writes NUL and lone surrogates as escapes, which a database's text
 * cannot hold.
 */
export function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
