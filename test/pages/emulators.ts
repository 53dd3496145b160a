import { onTestFinished } from "vitest";
import { createEmulatorPage } from "../../src/cli/emulator-page/handler.ts";
import { providers } from "../../src/cli/providers.ts";
import { serve } from "../../src/cli/serve.ts";
import type { Emulator } from "../../src/emulator/index.ts";
import { serveEmulators } from "../../src/emulator/index.ts";
import { drain, webhook } from "../../src/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { environmentOf } from "../cli/emulated.ts";

/** All emulators with their page, as the command serves them, until the test is over. */
export async function startEmulators() {
  const emulators: Record<string, Emulator> = {};
  for (const [name, provider] of Object.entries(providers)) {
    emulators[name] = await provider.emulator({ seed: 1 }, false);
  }
  const all = Object.values(emulators);
  const page = createEmulatorPage({ emulators: all, providers, seed: 1, limits: false });
  const server = await serveEmulators(all, { page: page.answer });
  onTestFinished(async () => {
    await server.close();
    page.end();
    await Promise.all(all.map((emulator) => emulator.close()));
  });

  /** Reads all that waits at a provider which is asked, by a client of ours. */
  async function consumeAll(name: string, handler: () => Promise<void> = async () => {}) {
    const provider = providers[name];
    if (!provider) throw new Error(`there is no ${name}`);
    const account = await provider.connect(environmentOf(provider, server.connection(name)), {});
    const place = emulators[name]?.places()[0]?.id ?? "";
    const reading = { cursor: memoryStores().cursors, consumer: "me", from: "oldest" as const };
    const feed = account.feed?.(place, reading);
    if (!feed) throw new Error(`${name} is not asked`);
    return await drain(feed, handler, { logger: false });
  }

  /** Listens for the calls of a provider that calls; gives the address. */
  async function listen(name: string): Promise<string> {
    const provider = providers[name];
    if (!provider) throw new Error(`there is no ${name}`);
    const account = await provider.connect(environmentOf(provider, server.connection(name)), {});
    const receiver = account.receiver?.("orders", "0123456789abcdef");
    if (!receiver) throw new Error(`${name} does not call`);
    const listener = await serve(
      webhook(receiver, async () => {}, { logger: false }),
      0,
    );
    onTestFinished(() => listener.close());
    return `http://127.0.0.1:${listener.port}/?secret=0123456789abcdef`;
  }
  return { origin: server.origin, emulators, consumeAll, listen };
}
