/** What a run of the command line has around it. */
export interface Surroundings {
  /** Writes to the standard output. */
  readonly out: (text: string) => void;
  /** Writes to the standard error. */
  readonly err: (text: string) => void;
  /**
   * Resolves when all that was written to the standard output has arrived; rejects where nobody reads it any
   * more, or it cannot be written. @default at once
   */
  readonly flush?: (() => Promise<void>) | undefined;
  /** Fires when the process is asked to end. */
  readonly signal: AbortSignal;
  /** The version of the package. */
  readonly version: string;
  /** The environment variables. */
  readonly environment: Environment;
  /** Whether the standard error is a terminal, for progress. */
  readonly isTerminal: boolean;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;
