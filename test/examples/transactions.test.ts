import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";

it.each(["sqlite-transaction", "postgres-transaction"])(
  "examples/stores/%s.ts books each order once, though its second run is sent them again",
  async (name) => {
    const folder = await mkdtemp(join(tmpdir(), "ackloop-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    vi.stubEnv("STATE_FOLDER", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const log = vi.spyOn(console, "log").mockReturnValue();

    await import(`../../examples/stores/${name}.ts`);
    vi.resetModules();
    await import(`../../examples/stores/${name}.ts`);

    expect(log.mock.calls.flat()).toEqual([
      "booked 3 orders, 3 in all",
      "booked 0 orders, 3 in all",
    ]);
  },
  120_000,
);
