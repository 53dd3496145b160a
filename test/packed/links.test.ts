import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, inject, it } from "vitest";

const home = join(inject("consumerFolder"), "node_modules/ackloop");
const files = readdirSync(home, { recursive: true, encoding: "utf8" });
const pages = files.filter((file) => file.endsWith(".md"));
const programs = files.filter((file) => file.startsWith("examples/") && /\.[jt]sx?$/.test(file));

const textOf = (file: string) => readFileSync(join(home, file), "utf8");

/** What a page links to, beside the web. */
function targetsOf(page: string): readonly string[] {
  const links = textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g);
  return [...links].map(([, target = ""]) => target);
}

/** The anchors of a page's headings, as they are made of their text. */
function anchorsOf(page: string): readonly string[] {
  const headings = textOf(page)
    .replace(/^```.*?^```/gms, "")
    .matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Whether a link of a page leads to something in the package. */
function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const to = path === "" ? page : join(dirname(page), path);
  if (relative(home, join(home, to)).startsWith("..") || !existsSync(join(home, to))) return false;
  return anchor === undefined || anchorsOf(to).includes(anchor);
}

describe("the package that is installed", () => {
  it("brings the guides and the examples, and no page of proofs or decisions", () => {
    expect(pages).toEqual(
      expect.arrayContaining(["README.md", "CHANGELOG.md", "SECURITY.md", "docs/webhooks.md"]),
    );
    expect(pages.filter((page) => /guarantees|pains|decisions/.test(page))).toEqual([]);
    expect(programs).toEqual(expect.arrayContaining(["examples/probes.ts"]));
    expect(programs.filter((file) => file.includes("demo"))).toEqual([]);
    expect(files.filter((file) => file.endsWith(".html"))).toEqual([]);
  });

  it.each(pages)("has whatever a page links to: %s", (page) => {
    expect(targetsOf(page).filter((target) => !leadsSomewhere(page, target))).toEqual([]);
  });

  it.each(programs)("has whatever an example imports: %s", (file) => {
    const imports = [...textOf(file).matchAll(/from "(\.[^"]+)"/g)].map(([, path = ""]) => path);

    expect(imports.filter((path) => !existsSync(join(home, dirname(file), path)))).toEqual([]);
  });

  it("names each of its pages in the README, or in the list of guides that it names", () => {
    const linked = ["README.md", "docs/README.md"].flatMap((page) =>
      targetsOf(page).map((target) => join(dirname(page), target.split("#")[0] ?? "")),
    );
    const guides = pages.filter((page) => page.startsWith("docs/"));

    expect(guides.filter((page) => !linked.includes(page))).toEqual([]);
  });
});
