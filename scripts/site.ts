/**
 * A plugin of typedoc, which makes one site of the guides and the reference: `npm run docs`.
 *
 * `docs/README.md` is the list of the guides: its headings are the groups of the sidebar, its links their order. A
 * guide's title is its first heading. Whatever program a page links to is a page as well.
 */
import { readFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Application,
  Comment,
  type CommentDisplayPart,
  type Context,
  Converter,
  type DeclarationReflection,
  type DefaultThemeRenderContext,
  DocumentReflection,
  IndexEvent,
  JSX,
  KindRouter,
  MinimalSourceFile,
  normalizePath,
  type ProjectReflection,
  type Reflection,
  ReflectionKind,
} from "typedoc";

const root = fileURLToPath(new URL("../", import.meta.url));
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

/** The groups of the sidebar that no heading of the list names. */
const examples = "Examples";
const project = "About the project";
const reference = "Reference";
/** Has no place in the sidebar: pages of programs that another page links to. */
const linked = "Linked programs";

/** The path of a page's file from the root of the repository. */
function fileOf(page: Reflection): string | undefined {
  const path = page.project.files.getReflectionPath(page);
  return path === undefined ? undefined : relative(root, path);
}

/** The guides in their order, each with the heading that it stands under. */
function listedGuides(): ReadonlyMap<string, string> {
  const sections = textOf("docs/README.md").split(/^## /m).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const heading = section.slice(0, section.indexOf("\n"));
      const links = section.matchAll(/\]\(([^)#]+\.md)\)/g);
      return [...links].map(([, link = ""]) => [join("docs", link), heading] as const);
    }),
  );
}

/** The name of a page that is a guide: its first heading. */
function titleOf(text: string, file: string): string {
  const [, title] = text.match(/^# (.*)$/m) ?? [];
  if (title === undefined) throw new Error(`${file} has no heading`);
  return title.replaceAll("`", "");
}

/** A program as a page. */
function addProgram(app: Application, to: ProjectReflection, path: string): void {
  const file = relative(root, path);
  const group = file.startsWith("examples/") ? examples : linked;
  // To colour the many tests that a page names as proofs would double the time of a build.
  const language = group === linked ? "text" : extname(file).slice(1);
  const text = `# ${file}\n\n\`\`\`${language}\n${textOf(file).trimEnd()}\n\`\`\`\n`;
  const source = new MinimalSourceFile(text, normalizePath(path));
  const { content } = app.converter.parseRawComment(source, to.files);
  const page = new DocumentReflection(file, to, content, { group });
  to.addChild(page);
  to.registerReflection(page, undefined, normalizePath(path));
}

/** What stands behind the names on an entry's page. */
const behind = new WeakMap<Reflection, readonly CommentDisplayPart[]>();

/** Takes the part with headings off an entry's text, to be shown behind what the entry exports. */
function moveHeadings(entry: Reflection): void {
  const parts = entry.comment?.summary ?? [];
  const at = parts.findIndex(({ text }) => /^## /m.test(text));
  const part = parts[at];
  if (!entry.comment || !part) return;
  const start = part.text.search(/^## /m);
  behind.set(entry, [{ ...part, text: part.text.slice(start) }, ...parts.slice(at + 1)]);
  entry.comment.summary = [...parts.slice(0, at), { ...part, text: part.text.slice(0, start) }];
}

/** What {@link moveHeadings} has taken off. */
function movedText(context: DefaultThemeRenderContext): JSX.Element {
  const parts = behind.get(context.model);
  if (!parts) return JSX.createElement(JSX.Fragment, null);
  const text = JSX.createElement(JSX.Raw, { html: context.markdown(parts) });
  return JSX.createElement("section", { class: "tsd-panel tsd-typography" }, text);
}

/** Whether the search finds a page or a name: each thing once, and no program that a page only points to. */
function isSearched(result: DeclarationReflection | DocumentReflection): boolean {
  if (result.isDocument()) return result.frontmatter["group"] !== linked;
  return !result.flags.isInherited && !result.isReference();
}

/** A guide's page is where its file is. */
class SiteRouter extends KindRouter {
  protected override getIdealBaseName(page: Reflection): string {
    const file = page.isDocument() ? fileOf(page) : undefined;
    return file?.replace(/\.md$/, "").replace(/README$/, "index") ?? super.getIdealBaseName(page);
  }
}

/** A script that shows what stands in a group of the sidebar, until a reader closes it. */
function opened(titles: readonly string[]): JSX.Element {
  const keys = JSON.stringify([...new Set(titles)].map((title) => `tsd-accordion-${title}`));
  const html = `for (const key of ${keys}) localStorage[key] ??= "true";`;
  return JSX.createElement("script", null, JSX.createElement(JSX.Raw, { html }));
}

/** What typedoc calls. */
export function load(app: Application): void {
  const guides = listedGuides();
  const files = ["docs/README.md", ...guides.keys()];
  const groups = ["none", ...new Set(guides.values()), reference, examples, project];
  app.renderer.defineRouter("site", SiteRouter);

  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    const file = fileOf(page) ?? "";
    page.name = titleOf(textOf(file), file);
    page.frontmatter["group"] = file === "docs/README.md" ? "none" : (guides.get(file) ?? project);
    // Before the options and members whose text has the word that is sought.
    if (guides.has(file)) page.relevanceBoost = 4;
  });
  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    ({ project: site }: Context) => {
      for (const path of site.files.getMediaPaths()) {
        if (/\.[jmt]sx?$/.test(path)) addProgram(app, site, path);
      }
      const place = (page: Reflection) => {
        const file = fileOf(page) ?? "";
        return files.includes(file) ? String(files.indexOf(file)).padStart(3, "0") : file;
      };
      const inOrder = (a: Reflection, b: Reflection) => place(a).localeCompare(place(b));
      site.documents?.sort(inOrder);
      site.childrenIncludingDocuments?.sort(inOrder);
    },
    -1_000,
  );
  app.renderer.hooks.on("content.end", movedText);
  app.renderer.hooks.on("head.begin", () => opened([...guides.values(), reference]));

  // After the groups are made.
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project: site }: Context) => {
      for (const entry of site.getReflectionsByKind(ReflectionKind.Module)) {
        moveHeadings(entry);
      }
      // The sidebar has groups where it is asked for, below the entries it has none.
      site.comment = new Comment([], [], new Set(["@showGroups"]));
      for (const group of site.groups ?? []) if (group.title === "Modules") group.title = reference;
      site.groups = (site.groups ?? [])
        .filter(({ title }) => title !== linked)
        .sort((a, b) => groups.indexOf(a.title) - groups.indexOf(b.title));
    },
    -1_000,
  );
  app.renderer.on(IndexEvent.PREPARE_INDEX, (index) => {
    for (let at = index.searchResults.length - 1; at >= 0; at -= 1) {
      const result = index.searchResults[at];
      if (result && !isSearched(result)) index.removeResult(at);
    }
  });
}
