import { onTestFinished } from "vitest";
import { providers } from "../../src/cli/providers.ts";
import { serve } from "../../src/cli/serve.ts";
import { drain, webhook } from "../../src/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { environmentOf } from "../cli/emulated.ts";
import { servePage } from "../cli/emulator-page/serve-page.ts";

/** All emulators with their page, as the command serves them, until the test is over. */
export async function startEmulators() {
  const { emulators, server } = await servePage();

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
