import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateSync } from "node:zlib";

/** Where `npm run docs` puts the site. */
export const folder = fileURLToPath(new URL("../../site/", import.meta.url));

/** Every page, by its path in the site. */
export const pages: readonly string[] = existsSync(folder)
  ? readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".html"))
      .toSorted()
  : [];

/** The text of a page's file. */
export const htmlOf = (path: string): string => readFileSync(join(folder, path), "utf8");

/** What stands in the sidebar. */
export interface Item {
  readonly text: string;
  readonly path?: string;
  readonly children?: readonly Item[];
}

/** The sidebar, as typedoc packs it. */
export function sidebar(): readonly Item[] {
  const script = readFileSync(join(folder, "assets/navigation.js"), "utf8");
  const [, packed = ""] = /"([^"]+)"/.exec(script) ?? [];
  return JSON.parse(inflateSync(Buffer.from(packed, "base64")).toString());
}

/** The links of a page that lead to no page, file or heading of the site. */
export function deadLinks(): readonly string[] {
  const anchors = new Map<string, ReadonlySet<string>>();
  const anchorsOf = (path: string): ReadonlySet<string> => {
    const known = anchors.get(path);
    if (known) return known;
    const found = [...htmlOf(path).matchAll(/ (?:id|name)="([^"]*)"/g)].map(([, id = ""]) => id);
    const all = new Set(found);
    anchors.set(path, all);
    return all;
  };
  return pages.flatMap((page) => {
    const links = [
      ...htmlOf(page).matchAll(/<(?:a|img|link|script)\b[^>]*? (?:href|src)="([^"]*)"/g),
    ];
    return links.flatMap(([, link = ""]) => {
      const to = new URL(link.replaceAll("&amp;", "&"), `site:///${page}`);
      if (to.protocol !== "site:") return [];
      const path = decodeURIComponent(to.pathname)
        .replace(/^\//, "")
        .replace(/(^|\/)$/, "$1index.html");
      if (!existsSync(join(folder, path))) return [`${page}: ${link}`];
      const anchor = decodeURIComponent(to.hash.slice(1));
      const isThere = anchor === "" || !path.endsWith(".html") || anchorsOf(path).has(anchor);
      return isThere ? [] : [`${page}: ${link}`];
    });
  });
}
