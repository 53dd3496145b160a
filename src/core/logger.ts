/**
 * Where the library writes what a person may want to read. `console` fits, and so do winston and LogTape; what
 * wants the object first, such as pino and bunyan, is turned round by {@link objectFirst}. Each line is
 * `ackloop: <feed> (<consumer>): what happened; what happens now; what to do`, and its details are plain data.
 * No line and no detail ever holds a secret of this library's.
 */
export interface Logger {
  /** Steps, for someone looking for a fault. */
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** Changes of state: started, stopped, took over, works again. */
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What went wrong and was handled: a failed poll, a dead letter. */
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What needs a person: a halt. */
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

const nothing = (): void => {};

/** Writes nothing. */
export const silent: Logger = Object.freeze({
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
});

/** Writes warnings and errors to the console, and nothing else: what is used where no logger is given. */
export const consoleLogger: Logger = Object.freeze({
  ...silent,
  // biome-ignore lint/suspicious/noConsole: the one place where the library writes by itself.
  warn: (...line: Parameters<Logger["warn"]>) => console.warn(...line),
  // biome-ignore lint/suspicious/noConsole: as above.
  error: (...line: Parameters<Logger["error"]>) => console.error(...line),
});

/** A logger that takes the object first, and the text after it: pino, bunyan. */
export interface ObjectFirstLogger {
  /** Steps. */
  debug(details: object, message: string): void;
  /** Changes of state. */
  info(details: object, message: string): void;
  /** What went wrong and was handled. */
  warn(details: object, message: string): void;
  /** What needs a person. */
  error(details: object, message: string): void;
}

/**
 * Turns a logger round that takes the object first, so that no detail is lost.
 *
 *
 * @example
 * ```ts
 * import { consume, objectFirst } from "ackloop";
 *
 * consume(feed, handlers, { logger: objectFirst(pino()) });
 * ```
 */
export function objectFirst(logger: ObjectFirstLogger): Logger {
  return {
    debug: (message, details = {}) => logger.debug(details, message),
    info: (message, details = {}) => logger.info(details, message),
    warn: (message, details = {}) => logger.warn(details, message),
    error: (message, details = {}) => logger.error(details, message),
  };
}
