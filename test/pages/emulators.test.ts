import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Provider } from "../../src/cli/provider.ts";
import { providers } from "../../src/cli/providers.ts";
import {
  browserHint,
  hasBrowser,
  openWindow,
  overflowOf,
  startBrowser,
} from "../browser/browser.ts";
import { faintTexts } from "../browser/contrast.ts";
import { startEmulators } from "./emulators.ts";
import { complaintsOf, seriousFaults } from "./support.ts";

type Started = Awaited<ReturnType<typeof startEmulators>>;

function providerOf(name: string): Provider {
  const provider = providers[name];
  if (!provider) throw new Error(`there is no ${name}`);
  return provider;
}

/** Where pictures of the page are put, for those who want to look. */
const pictures = process.env["ACKLOOP_PICTURES"];

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}/emulators-${name}.png`, fullPage: true });
}

describe.skipIf(!hasBrowser)(`the page of the emulators in a browser${browserHint}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  /** Publishes the sample that stands in the editor, and opens the newest event. */
  async function publishOne(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("Published 1 event.").waitFor();
  }
  const openNewest = (page: Page) =>
    page.getByRole("table", { name: "Events" }).getByRole("link").first().click();
  const stepsOf = (page: Page) => page.getByRole("dialog").getByRole("listitem").allTextContents();

  /** Opens a provider, makes a place, reads how to connect, and adds a listener where it calls. */
  async function connect(page: Page, name: string, listen: Started["listen"]): Promise<void> {
    const { title, guide, calls, variables } = providerOf(name);
    await page.getByRole("link", { name: title, exact: true }).click();
    if (guide.make) await page.getByRole("button", { name: /^Make the .* “orders”$/ }).click();
    await page.getByText(`Save as ${name}.mjs`).waitFor();
    await page.getByText('from "ackloop";').waitFor();
    expect(await page.getByText(/^export /).textContent()).toContain(variables[0]?.name);
    if (!calls) return;
    await page.getByLabel("Address of a listener").fill(await listen(name));
    await page.getByRole("button", { name: "Add the listener" }).click();
    await page.getByRole("table", { name: "Listeners" }).waitFor();
  }

  /** A client of ours reads what there is, and the page shows it. */
  async function consumed(page: Page, name: string, consumeAll: Started["consumeAll"]) {
    const { guide, calls } = providerOf(name);
    if (!calls) expect(await consumeAll(name)).toMatchObject({ handled: 1 });
    const done = guide.place === "topic" ? "read" : "acked";
    await page.getByRole("table", { name: "Events" }).getByText(done, { exact: true }).waitFor();
  }

  /** Opens the newest event, and reads what happened to it. */
  async function timelineOf(page: Page, name: string): Promise<void> {
    await openNewest(page);
    await page.getByRole("dialog").getByText("As a reader gets it").waitFor();
    const steps = (await stepsOf(page)).join("\n");
    expect(steps).toMatch(/Published[\s\S]*Delivered[\s\S]*(Acked|A reader is behind it)/);
    const cause = providerOf(name).calls
      ? /call \d+, answered 2\d\d in [\d.]+ ms/
      : /by request \d+ \(/;
    expect(steps).toMatch(cause);
  }

  it.each([
    { width: 1280, colorScheme: "light" },
    { width: 1280, colorScheme: "dark" },
    { width: 390, colorScheme: "light" },
    { width: 390, colorScheme: "dark" },
  ] as const)("shows the whole story of an event, $width wide and $colorScheme", async (look) => {
    const { origin, consumeAll, listen } = await startEmulators();
    const { context, page, foreign } = await openWindow(browser, origin, look);
    const complaints = complaintsOf(page);
    const isSound = async (step: string): Promise<void> => {
      await picture(page, `${look.width}-${look.colorScheme}-${step}`);
      expect(await overflowOf(page), step).toBeLessThanOrEqual(0);
      expect(await faintTexts(page), step).toEqual([]);
      expect(await seriousFaults(page), step).toEqual([]);
    };

    await page.goto(origin);
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Open Tiki" }).waitFor();
    await isSound("overview");

    for (const name of Object.keys(providers)) {
      await connect(page, name, listen);
      await publishOne(page);
      await consumed(page, name, consumeAll);
      await isSound(name);
      await timelineOf(page, name);
      await isSound(`${name}-event`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }

    await page.getByRole("link", { name: "Requests", exact: true }).click();
    await page.getByText("delivered 1 event").first().waitFor();
    expect(await page.content()).not.toMatch(/0123456789abcdef|emulator-in-house-secret/);
    await isSound("requests");
    const rows = await page.getByRole("row").all();
    const heights = await Promise.all(rows.map(async (row) => (await row.boundingBox())?.height));
    expect(Math.max(...heights.map((height) => height ?? 0)), "a request is short").toBeLessThan(
      112,
    );
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("switches faults on and off by the keyboard alone, and tells what each did", async () => {
    const { origin, emulators, consumeAll } = await startEmulators();
    const { context, page } = await openWindow(browser, origin, { width: 1280 });
    await page.goto(`${origin}/#/kekker`);
    await publishOne(page);
    /** Walks to what has this name. */
    const walkTo = async (name: string): Promise<void> => {
      for (let at = 0; at < 60; at += 1) {
        await page.keyboard.press("Tab");
        const reached = await page.evaluate(() => {
          const element = document.activeElement;
          return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
        });
        if (reached === name) return;
      }
      throw new Error(`the keyboard does not reach ${name}`);
    };

    await page.getByLabel("Which calls").selectOption({ label: "acks" });
    await page.getByLabel("How often").selectOption({ label: "the next one" });
    await walkTo("Switch on: Lost reply");
    await page.keyboard.press("Enter");
    await page.getByText("hit 0 of 1").waitFor();
    await consumeAll("kekker");

    await page.getByText("done: hit 1 call").waitFor();
    await picture(page, "1280-light-fault");
    await page.getByRole("link", { name: "See which requests were hit" }).click();
    const hit = page.getByRole("table", { name: "Requests" });
    await hit.getByText("lost reply").waitFor();
    expect(await hit.textContent()).toContain("no answer");
    await page.getByRole("link", { name: /^Kekker/ }).click();
    await openNewest(page);
    await page.getByRole("dialog").getByText("As a reader gets it").waitFor();
    expect((await stepsOf(page)).join("\n")).toMatch(/Published[\s\S]*Delivered[\s\S]*Acked/);
    await page.keyboard.press("Escape");
    await walkTo("Switch off: lost reply");
    await page.keyboard.press("Enter");
    await page.getByText("No fault is on.").waitFor();
    expect(emulators["kekker"]?.faults.list()).toEqual([]);
    await context.close();
  });

  it("says what is wrong with JSON, and publishes none of it", async () => {
    const { origin, emulators } = await startEmulators();
    const { context, page } = await openWindow(browser, origin, { width: 390 });
    await page.goto(`${origin}/#/tiki`);
    const editor = page.getByLabel("The event, as JSON");

    await editor.fill('{ "type": "X", }');
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("Nothing was published: this is no JSON").waitFor();
    await editor.fill('{ "payload": 1 }');
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.getByText("Nothing was published: tiki: an event").waitFor();

    expect(emulators["tiki"]?.journal.totals().published).toBe(0);
    await page.getByRole("button", { name: "Back to the sample" }).click();
    await publishOne(page);
    await context.close();
  });

  it("shows what is hostile as text, and stays fast over thousands of events", async () => {
    const { origin, emulators } = await startEmulators();
    const { context, page, foreign } = await openWindow(browser, origin, { width: 390 });
    const complaints = complaintsOf(page);
    const { admin } = emulators["kekker"] ?? {};
    const hostile =
      "<script>alert(1)</script><img src=x onerror=alert(2)>\u202e\u0000\u0007 \u05d0\u05d1";
    const event = { category: "Deals", event: hostile, objectId: "\u202e".repeat(50) };
    const many = Array.from({ length: 3_000 }, () => ({ category: "Deals", event: "DealCreated" }));
    await admin?.["publish"]?.({ events: many });
    await admin?.["publish"]?.({ events: [{ ...event, big: "x".repeat(5_000_000) }] });

    const begun = Date.now();
    await page.goto(`${origin}/#/kekker`);
    const table = page.getByRole("table", { name: "Events" });
    await table.getByRole("link").first().waitFor();
    const ms = Date.now() - begun;

    expect(ms).toBeLessThan(5_000);
    expect(await table.locator("tbody tr").count()).toBe(50);
    expect(await table.getByRole("link").first().textContent()).toContain("<script>alert(1)");
    expect(await table.textContent()).not.toMatch(/\u202e|\p{Cc}/u);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await page.getByRole("button", { name: "Older" }).click();
    await expect.poll(() => table.textContent()).not.toContain("<script>");
    await page.getByRole("button", { name: "Newest" }).click();
    await page.getByLabel("Find events by their words or id").fill("alert(2)");
    await expect.poll(() => table.locator("tbody tr").count()).toBe(1);
    await openNewest(page);
    await page.getByText("The first 20 kB of 5.0 MB.").waitFor();
    await picture(page, "390-light-hostile");
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    expect([foreign, complaints]).toEqual([[], []]);
    await context.close();
  });

  it("begins anew when it is told to, and shows what comes by itself", async () => {
    const { origin, emulators } = await startEmulators();
    const { context, page } = await openWindow(browser, origin, { width: 1280 });
    await page.goto(`${origin}/#/kekker`);
    await publishOne(page);
    const table = page.getByRole("table", { name: "Events" });
    await table.waitFor();

    await page.getByRole("button", { name: "Begin anew" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Begin anew" }).click();
    await page.getByText("No event yet.").waitFor();
    await emulators["kekker"]?.admin["publish"]?.({
      events: [{ category: "Deals", event: "Later" }],
    });

    await table.getByText("Later").waitFor();
    await context.close();
  });
});
