import { onTestFinished, vi } from "vitest";

/** Keeps what an example prints from now on, and gives it. */
export function printed(): () => readonly string[] {
  const log = vi.spyOn(console, "log").mockReturnValue();
  onTestFinished(() => log.mockRestore());
  return () => log.mock.calls.flat().map(String);
}
