/**
 * Keeps what the library says by itself, where a test gives no logger, out of the runner's output: hundreds of
 * tests make things fail on purpose. A test that looks at it spies on the console, or gives a logger.
 */
const mark = Symbol.for("ackloop.test.quiet");

for (const level of ["warn", "error"] as const) {
  const write = console[level];
  if (mark in write) continue;
  const quiet = (...line: unknown[]): void => {
    if (!String(line[0]).startsWith("ackloop: ")) write(...line);
  };
  console[level] = Object.assign(quiet, { [mark]: true });
}
