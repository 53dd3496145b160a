/**
 * `npm run new-provider acme-events` writes a provider that is read after a cursor: its folder, its emulator,
 * its profile and its docs page. All of it compiles and passes; `TODO(source)` stands where a fact of the
 * vendor belongs, with the page and the date that it was read.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { templates } from "./new-provider-templates.ts";

/** Puts a piece of text in front of a line, once. */
function insert(text: string, before: RegExp, piece: string): string {
  const at = text.search(before);
  if (at === -1) throw new Error(`nothing is like ${before}`);
  return text.slice(0, at) + piece + text.slice(at);
}

/** The entry of a provider in `exports`. */
function entryOf(name: string): object {
  const side = (module: string, types: string) => ({
    types: `./dist/${name}.d.${types}`,
    default: `./dist/${name}.${module}`,
  });
  return { module: `./dist/${name}.js`, import: side("js", "ts"), require: side("cjs", "cts") };
}

/** What changes in the files that are there, by their path. */
function changes(
  name: string,
  fill: (text: string) => string,
): Record<string, (old: string) => string> {
  return {
    "package.json": (old) => {
      const { exports, ...manifest } = JSON.parse(old);
      const { "./package.json": last, ...entries } = exports;
      const all = { ...entries, [`./${name}`]: entryOf(name), "./package.json": last };
      const ordered = Object.entries({ ...manifest, exports: all }).sort(
        ([left], [right]) => old.indexOf(`"${left}":`) - old.indexOf(`"${right}":`),
      );
      return `${JSON.stringify(Object.fromEntries(ordered), undefined, 2)}\n`;
    },
    "src/emulator/index.ts": (old) =>
      old +
      fill(
        'export {\n  type %Name%Connection,\n  type %Name%Emulator,\n  type %Name%EmulatorOptions,\n  %name%Emulator,\n} from "./%folder%.ts";\nexport type { %Name%Operation } from "./%folder%/operation.ts";\n',
      ),
    "src/cli/providers.ts": (old) =>
      insert(
        insert(
          old,
          /^import \{ \w+ \} from "\.\/providers/m,
          fill('import { %name% } from "./providers/%folder%.ts";\n'),
        ),
        /^\}\);$/m,
        fill('  "%folder%": %name%,\n'),
      ),
  };
}

/**
 * Writes a provider into a checkout; gives the paths of the files that it wrote.
 *
 * @throws {Error} for a name that is none, or is there.
 */
export function writeProvider(root: string, name: string): readonly string[] {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error("a name is lower-case words with hyphens, such as acme-events");
  }
  const camel = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const words: Readonly<Record<string, string>> = {
    folder: name,
    name: camel,
    Name: camel.replace(/^./, (letter) => letter.toUpperCase()),
  };
  const fill = (text: string) => text.replace(/%(\w+)%/g, (_, word: string) => words[word] ?? "");
  const made = Object.entries(templates).map(([path, text]) => [fill(path), fill(text)] as const);
  const changed = Object.entries(changes(name, fill)).map(
    ([path, change]) => [path, change(readFileSync(join(root, path), "utf8"))] as const,
  );
  for (const [path, text] of made) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    // Never over what somebody has written.
    writeFileSync(join(root, path), text.trimStart(), { flag: "wx" });
  }
  for (const [path, text] of changed) writeFileSync(join(root, path), text);
  return [...made, ...changed].map(([path]) => path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , name = ""] = process.argv;
  const root = fileURLToPath(new URL("../", import.meta.url));
  for (const path of writeProvider(root, name)) console.log(path);
  console.log(
    "\nnpx biome check --write .   formats them; then: npm run assumptions, npm run check",
  );
}
