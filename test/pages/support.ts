import axe from "axe-core";
import type { Page } from "playwright-core";
import { serve } from "../../src/cli/serve.ts";
import { type InspectorOptions, inspector } from "../../src/inspector/index.ts";
import { consume } from "../../src/loop/consume.ts";
import { redrive } from "../../src/loop/redrive.ts";
import { memoryStores } from "../../src/stores/index.ts";
import { memoryFeed } from "../../src/testing/index.ts";

/** What every event of these tests has. */
export const made = {
  specversion: "1.0",
  source: "/shop/orders",
  type: "order_created",
  time: "2026-12-01T08:00:00Z",
} as const;

/** A run whose handler refuses orders of no customer, behind an inspector that is served. */
export async function startShop(options: Partial<InspectorOptions> = {}) {
  const stores = memoryStores();
  const feed = memoryFeed({ name: "shop:orders" });
  const handler = async ({ data }: { readonly data: unknown }): Promise<void> => {
    const { customer } = Object(data) as { customer?: string };
    if (!customer) throw new Error("no such customer");
  };
  const run = consume(feed, handler, {
    consumer: "billing",
    deadLetters: stores.deadLetters,
    lease: { store: stores.leases, holder: "worker-1" },
    retry: { attempts: 2, minDelayMs: 0, maxDelayMs: 10 },
    idle: { minDelayMs: 10, maxDelayMs: 20 },
    concurrency: 4,
    circuitBreaker: false,
    logger: false,
  });
  const handle = inspector({
    runs: [run],
    stores,
    redrive: (letters, wish) =>
      redrive(letters, "shop:orders", handler, { ...wish, logger: false }),
    authorize: () => true,
    logger: false,
    ...options,
  });
  const server = await serve(handle, 0);
  return {
    origin: `http://127.0.0.1:${server.port}`,
    ...{ stores, feed, run },
    async close(): Promise<void> {
      await run.stop({ withinMs: 100 });
      server.cut();
      await server.close();
    },
  };
}

/** What axe finds that is serious, or worse. The browser runs it apart from the page, whose policy holds. */
export async function seriousFaults(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
  });
  await session.send("Runtime.evaluate", { expression: axe.source, contextId });
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
    expression: `axe.run(document).then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" | ")))`,
    awaitPromise: true,
    returnByValue: true,
    contextId,
  });
  await session.detach();
  if (exceptionDetails) throw new Error(exceptionDetails.text);
  return result.value;
}

/** What a page complains of: scripts that failed, and what its policy has refused. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return complaints;
}
