import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  browserHint,
  hasBrowser,
  openWindow,
  overflowOf,
  startBrowser,
} from "../browser/browser.ts";
import { faintTexts } from "../browser/contrast.ts";
import { complaintsOf, made, seriousFaults, startShop } from "./support.ts";

/** Where pictures of the page are put, for those who want to look. */
const pictures = process.env["ACKLOOP_PICTURES"];

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
}

describe.skipIf(!hasBrowser)(`the inspector in a browser${browserHint}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  it.each([
    { width: 1280, colorScheme: "light" },
    { width: 1280, colorScheme: "dark" },
    { width: 390, colorScheme: "light" },
    { width: 390, colorScheme: "dark" },
  ] as const)("shows a letter's whole story, $width wide and $colorScheme", async (look) => {
    const shop = await startShop();
    const { context, page, foreign } = await openWindow(browser, shop.origin, look);
    const complaints = complaintsOf(page);
    const name = `${look.width}-${look.colorScheme}`;
    const isSound = async (step: string): Promise<void> => {
      await picture(page, `${name}-${step}`);
      expect(await overflowOf(page), step).toBeLessThanOrEqual(0);
      expect(await faintTexts(page), step).toEqual([]);
      expect(await seriousFaults(page), step).toEqual([]);
    };

    for (let at = 1; at <= 30; at += 1)
      shop.feed.publish({ ...made, id: `order-${at}`, data: { customer: `c${at}`, total: at } });
    await page.goto(shop.origin);
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByRole("heading", { name: "shop:orders" }).waitFor();
    shop.feed.publish({ ...made, id: "order-1042", data: { customer: "", total: 1290 } });
    await page.getByRole("link", { name: "Dead letters 1" }).waitFor();
    await page.waitForTimeout(2500);
    await isSound("runs");

    await page.getByRole("link", { name: /Dead letters/ }).click();
    await isSound("letter-places");
    await page.getByRole("link", { name: "shop:orders" }).click();
    await page.getByRole("button", { name: "order-1042" }).waitFor();
    await isSound("letters");
    await page.getByRole("button", { name: "order-1042" }).click();
    await page
      .getByText("failed twice: Error: no such customer")
      .or(page.getByText("failed 2 times"))
      .first()
      .waitFor();
    await isSound("letter");

    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByText("It has failed again and stays").waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    const editor = page.getByLabel(/The event to send/);
    const text = await editor.inputValue();
    await editor.fill(text.replace('"customer": ""', '"customer": "c7"'));
    await isSound("edit");
    await page.getByRole("button", { name: "Send the edited event" }).click();
    await page.getByText("Handled: the letter is taken off.").waitFor();
    await isSound("sent");
    await page.getByRole("dialog").getByText("Close", { exact: true }).click();
    await page.getByText("There is no such letter.").waitFor();

    for (const part of ["Places", "Leases", "Inboxes"]) {
      await page.getByRole("link", { name: part }).click();
      await page.getByRole("heading", { name: part }).waitFor();
      await page.waitForTimeout(200);
      await isSound(part.toLowerCase());
    }
    const key = { consumer: "billing", feed: "shop:orders" };
    expect((await shop.stores.deadLetters.list(key)).letters).toEqual([]);
    expect(shop.run.details().summary).toMatchObject({ acked: 31, deadLettered: 1 });
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
    await shop.close();
  });
});
