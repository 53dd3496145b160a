import { expect, vi } from "vitest";
import { packed } from "./page.ts";

/** The secret of the webhooks that are tried. */
export const secret = "a-secret-of-the-test";

/** A webhook that is served. */
export interface Served {
  /** Its address, without a query. */
  readonly url: string;
  /** What its process has written. */
  readonly written: () => string;
}

/** Waits until a server answers. */
export async function isUp({ url, written }: Served): Promise<void> {
  await vi.waitFor(
    () =>
      fetch(url).catch(() => {
        throw new Error(`nobody answers: ${written()}`);
      }),
    { timeout: 60_000, interval: 50 },
  );
}

/** What a webhook must do wherever it is mounted: discue's emulator calls it, and others who may not. */
export async function expectMounted({ url, written }: Served): Promise<void> {
  const { discueEmulator } = await packed("ackloop/emulator");
  await using discue = discueEmulator({ webhook: { retryDelaysMs: [50] } });
  const queue = discue.createQueue("orders");
  discue.createListener(queue, { notifyUrl: `${url}?secret=${secret}`, livenessUrl: url });
  const post = async (query: string, body: string) => {
    const { status } = await fetch(`${url}${query}`, { method: "POST", body }).catch((error) => {
      throw new Error(`${error.cause}: ${written()}`);
    });
    return status;
  };

  discue.publish(queue, [{ data: '{"order":7}' }]);
  await vi.waitFor(
    () => expect(discue.journal.entries({ kinds: ["acked"] })).toHaveLength(1),
    20_000,
  );
  expect(written()).toContain('a message: {"order":7}');
  expect(await post("?secret=another-secret-of-no-use", '{"data":"8"}')).toBe(401);
  expect(await post("", '{"data":"8"}')).toBe(401);
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
  expect(await post(`?secret=${secret}`, "x".repeat(1_048_577))).toBe(413);
  expect(written().match(/a message/g)).toHaveLength(1);
}
