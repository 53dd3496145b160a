import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** The program of the browser, where the environment names one. */
const executablePath = process.env["ACKLOOP_CHROMIUM"];

/** Whether pages can be tried here. */
export const hasBrowser = executablePath !== undefined && executablePath !== "";

/** What a skipped test says. */
export const browserHint = hasBrowser
  ? ""
  : ' (skipped: no browser; export ACKLOOP_CHROMIUM="$(scripts/chromium.sh)")';

/** The widths of a desk and of a phone, in CSS pixels. */
export const widths = [1280, 390] as const;

/** Starts a browser that asks nothing of any other machine by itself. */
export function startBrowser(): Promise<Browser> {
  if (!executablePath) throw new Error("ACKLOOP_CHROMIUM names no browser");
  // Root, as in a container, is given no sandbox; the pages are our own.
  const args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"];
  return chromium.launch({ executablePath, args });
}

/** How a page is looked at. */
export interface Look {
  readonly width: number;
  readonly colorScheme?: "dark" | "light";
}

/** A window of its own, which lets nothing be asked of another host than `origin` and keeps what was tried. */
export async function openWindow(
  browser: Browser,
  origin: string,
  { width, colorScheme = "light" }: Look,
): Promise<{
  readonly context: BrowserContext;
  readonly page: Page;
  readonly foreign: readonly string[];
}> {
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 844 : 800 },
    colorScheme,
  });
  const foreign: string[] = [];
  await context.route(
    (url) => url.origin !== origin,
    (route) => {
      foreign.push(route.request().url());
      return route.abort();
    },
  );
  return { context, page: await context.newPage(), foreign };
}

/** How much wider a page is than its window, in CSS pixels: above 0 it scrolls sideways as a whole. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}
