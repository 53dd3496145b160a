import type { Page } from "playwright-core";

/** A text of a page as it is seen. */
interface Seen {
  readonly words: string;
  readonly sizePx: number;
  readonly color: string;
  /** The backgrounds of what it stands in, from the inside. */
  readonly behind: readonly string[];
}

/** Every text that is shown, by its first words. */
function seenTexts(page: Page): Promise<readonly Seen[]> {
  return page.evaluate(() => {
    const seen: Seen[] = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const words = text.textContent?.trim().slice(0, 30);
      const element = text.parentElement;
      if (!words || !element?.checkVisibility()) continue;
      const { color, fontSize } = getComputedStyle(element);
      const behind: string[] = [];
      for (let each: Element | null = element; each; each = each.parentElement) {
        behind.push(getComputedStyle(each).backgroundColor);
      }
      seen.push({ words, sizePx: Number.parseFloat(fontSize), color, behind });
    }
    return seen;
  });
}

/** Red, green, blue and alpha, from 0 to 1. */
function partsOf(color: string): readonly [number, number, number, number] {
  const [red, green, blue, alpha = 1] = (color.match(/^rgba?\((.*)\)$/)?.[1] ?? "")
    .split(/[ ,/]+/)
    .map(Number);
  if (red === undefined || green === undefined || blue === undefined) {
    throw new Error(`a colour of another form: ${color}`);
  }
  return [red / 255, green / 255, blue / 255, alpha];
}

/** How much light a colour gives, from 0 to 1. */
function lightOf(color: string): number {
  const [red, green, blue] = partsOf(color);
  const linear = (part: number) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** How far a text stands out from what is behind it, from 1 to 21. */
function contrastOf({ color, behind }: Seen): number {
  const background = behind.find((each) => partsOf(each)[3] > 0.5) ?? "rgb(255, 255, 255)";
  const [darker = 0, lighter = 0] = [lightOf(color), lightOf(background)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/**
 * The texts of a page that stand out too little: a contrast below 4.5, or 3 where they are large, as WCAG 2.2 (AA)
 * counts it. Each once.
 */
export async function faintTexts(page: Page): Promise<readonly string[]> {
  const faint = (await seenTexts(page))
    .map((seen) => ({ ...seen, contrast: contrastOf(seen) }))
    .filter(({ sizePx, contrast }) => contrast < (sizePx >= 24 ? 3 : 4.5));
  return [
    ...new Set(
      faint.map((each) => `"${each.words}" has a contrast of ${each.contrast.toFixed(1)}`),
    ),
  ];
}
