import { onTestFinished } from "vitest";
import { createEmulatorPage, type PageOptions } from "../../../src/cli/emulator-page/handler.ts";
import { providers } from "../../../src/cli/providers.ts";
import type { Emulator } from "../../../src/emulator/index.ts";
import { serveEmulators } from "../../../src/emulator/index.ts";

/** All emulators with their page, as the command serves them, until the test is over. */
export async function servePage(options: Pick<PageOptions, "redact"> = {}) {
  const emulators: Record<string, Emulator> = {};
  for (const [name, provider] of Object.entries(providers)) {
    emulators[name] = await provider.emulator({ seed: 1 }, false);
  }
  const all = Object.values(emulators);
  const page = createEmulatorPage({
    emulators: all,
    providers,
    seed: 1,
    limits: false,
    ...options,
  });
  const server = await serveEmulators(all, { page: page.answer });
  onTestFinished(async () => {
    await server.close();
    page.end();
    await Promise.all(all.map((emulator) => emulator.close()));
  });
  return { emulators, server };
}
