/** A command line that is wrong: its message is printed, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError" as const;
}

/** What could not be done: its message is one sentence that says what to do, and the exit code is 1. */
export class Failure extends Error {
  override readonly name = "Failure" as const;
}
