/**
 * Where the library writes what a person may want to read; `console` fits, and so do pino and
 * winston. No message and no detail ever holds a secret.
 */
export interface Logger {
  /** Steps, for someone looking for a fault. */
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** Changes of state: started, stopped, took over. */
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What went wrong and was handled: a failed poll, a retry. */
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What needs a person: a halt. */
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** Writes nothing. */
export const silent: Logger = Object.freeze({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
});
