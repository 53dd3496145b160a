import { readFileSync } from "node:fs";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  browserHint,
  hasBrowser,
  openWindow,
  overflowOf,
  startBrowser,
  widths,
} from "../browser/browser.ts";
import { faintTexts } from "../browser/contrast.ts";
import { serveFolder } from "../browser/folder-server.ts";
import { deadLinks, folder, htmlOf, pages, sidebar } from "./built.ts";

const textOf = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const manifest: { readonly exports: Readonly<Record<string, unknown>> } = JSON.parse(
  textOf("package.json"),
);
const entries = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json")
  .map((path) => path.replace(".", "ackloop"));

describe("the site of the documents", () => {
  it("has pages", () => {
    expect(pages.length, "run `npm run docs` first").toBeGreaterThan(100);
  });

  it("has no link that leads nowhere", () => {
    expect(deadLinks()).toEqual([]);
  });

  it("names each entry by its import path, and its functions before all else", () => {
    const reference = sidebar().find(({ text }) => text === "Reference")?.children ?? [];

    expect(reference.map(({ text }) => text).toSorted()).toEqual(entries.toSorted());
    for (const { path = "" } of reference) {
      const [first] = /<h2[^>]*id="[^"]*"[^>]*>[^<]*/.exec(htmlOf(path)) ?? [];
      expect(first, path).toMatch(/>Functions$/);
    }
  });

  it("has all guides in the sidebar, in the order of their list, by their titles", () => {
    const sections = textOf("docs/README.md").split(/^## /m).slice(1);
    const listed = sections.map((section) => {
      const links = [...section.matchAll(/\]\(([^)#]+\.md)\)/g)].map(([, link = ""]) => link);
      const titles = [...new Set(links)].map((link) => {
        const [, title = ""] = /^# (.*)$/m.exec(textOf(`docs/${link}`)) ?? [];
        return title.replaceAll("`", "");
      });
      return { text: section.slice(0, section.indexOf("\n")), titles };
    });
    const shown = sidebar().map(({ text, children = [] }) => {
      return { text, titles: children.map((child) => child.text) };
    });

    expect(listed.length).toBeGreaterThan(2);
    for (const { text, titles } of listed.filter((each) => each.titles.length > 0)) {
      const group = shown.find((each) => each.text === text);
      expect(group?.titles, text).toEqual(expect.arrayContaining(titles));
      const ours = group?.titles.filter((title) => titles.includes(title));
      expect(ours).toEqual(titles);
    }
  });
});

describe.skipIf(!hasBrowser)(`the site of the documents in a browser${browserHint}`, () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  beforeAll(async () => {
    server = await serveFolder(folder);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** The pages that reach out of a window, as wide as a desk or a phone. */
  async function tooWide(context: BrowserContext, some: readonly string[]): Promise<string[]> {
    const page = await context.newPage();
    const wide: string[] = [];
    for (const path of some) {
      await page.goto(`${server.origin}/${path}`);
      for (const width of widths) {
        await page.setViewportSize({ width, height: 800 });
        const more = await overflowOf(page);
        if (more > 0) wide.push(`${path}: ${more} px at ${width}`);
      }
    }
    return wide;
  }

  it("scrolls sideways on no page, at neither width", async () => {
    // Without the scripts, which are the same on every page; of the many pages of types every fourth.
    const context = await browser.newContext({ javaScriptEnabled: false });
    const isMany = (path: string) => /^(interfaces|types|variables)\//.test(path);
    const some = pages.filter((path, at) => !isMany(path) || at % 4 === 0);
    const parts = [0, 1, 2].map((part) => some.filter((_, at) => at % 3 === part));

    const wide = await Promise.all(parts.map((part) => tooWide(context, part)));

    expect(wide.flat()).toEqual([]);
    await context.close();
  });

  const shown = [
    "index.html",
    "docs/index.html",
    "docs/delivery.html",
    "docs/troubleshooting.html",
    "docs/providers/tiki.html",
    "modules/ackloop.html",
    "functions/ackloop.drain.html",
    "interfaces/ackloop_tiki.TikiClient.html",
    "examples/tiki.ts.html",
  ];

  it.each([
    { width: 1280, colorScheme: "light" },
    { width: 390, colorScheme: "dark" },
  ] as const)("can be read, $width wide and $colorScheme, and asks no other host", async (look) => {
    const { context, page, foreign } = await openWindow(browser, server.origin, look);
    for (const path of shown) {
      const answer = await page.goto(`${server.origin}/${path}`);
      await page.locator("h1").first().waitFor();

      expect(answer?.status(), path).toBe(200);
      expect(await overflowOf(page), path).toBeLessThanOrEqual(0);
      expect(await faintTexts(page), path).toEqual([]);
    }
    expect(foreign).toEqual([]);
    await context.close();
  });

  /** The first links that the search gives. */
  async function found(words: string, width: number): Promise<readonly string[]> {
    const { context, page } = await openWindow(browser, server.origin, { width });
    await page.goto(server.origin);
    await page.keyboard.press("/");
    await page.locator("#tsd-search-input").fill(words);
    await page.locator("#tsd-search-results a").first().waitFor();
    const links = await page
      .locator("#tsd-search-results a")
      .evaluateAll((all) => all.map((each) => new URL((each as HTMLAnchorElement).href).pathname));
    await context.close();
    return links;
  }

  it.each(widths)("finds a verb first, and guides by their words, %i wide", async (width) => {
    expect((await found("drain", width))[0]).toBe("/functions/ackloop.drain.html");
    expect(await found("readinessProbe", width)).toContain("/docs/health.html");
  });

  it.each(widths)("is walked by the keyboard alone, %i wide", async (width) => {
    const { context, page } = await openWindow(browser, server.origin, { width });
    await page.goto(server.origin);
    await page.locator("#tsd-nav-container li").first().waitFor({ state: "attached" });
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("href") ?? "");
    const wanted = "docs/delivery.html";
    for (let presses = 0; presses < 60 && !(await focused()).endsWith(wanted); presses += 1) {
      const onMenu = await page.evaluate(
        () => document.activeElement?.id === "tsd-toolbar-menu-trigger",
      );
      await page.keyboard.press(onMenu && width < 600 ? "Enter" : "Tab");
      if (onMenu && width < 600) await page.waitForTimeout(300);
    }
    expect(await focused()).toContain(wanted);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/${wanted}`);

    expect(await page.locator("h1").first().textContent()).toContain("Delivery and acks");
    await context.close();
  });
});
