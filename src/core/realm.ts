/**
 * Asks what a value says of itself, never what it is: the errors and requests of another realm (Jest's, a
 * frame's, a worker's) are no instances of ours, and a global may have been replaced.
 */

/** Whether an error has one of these names, such as `"TypeError"`. It never throws. */
export function isErrorNamed(thrown: unknown, ...names: readonly string[]): boolean {
  try {
    return names.includes(Object(thrown).name);
  } catch {
    // A proxy that is revoked, or a getter that throws.
    return false;
  }
}

/** Whether what a `fetch` was given is a `Request`, and no address. */
export function isRequest(input: RequestInfo | URL): input is Request {
  return typeof input === "object" && "headers" in input;
}
