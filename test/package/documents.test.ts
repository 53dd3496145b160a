import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The pages for users: those at the root, and the guides. */
const guides = [...pagesIn("docs"), ...pagesIn("docs/providers")];
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...guides];

/**
 * What a guide's example may leave out, as the compiler counts it: the declaration of a name that the
 * text has introduced, and the types that would follow from it. At the root examples are whole.
 */
const allowedInGuides = [2304, 2552, 7006, 7031, 18004];

function pagesIn(folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
}

const textOf = (page: string) => readFileSync(join(root, page), "utf8");

/** Every fenced block of TypeScript as a file beside its page, named after its line. */
const blocks = new Map(
  pages.flatMap((page) => {
    const text = textOf(page);
    return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((block) => {
      const line = text.slice(0, block.index).split("\n").length;
      return [join(root, `${page}-line-${line}.ts`), `${block[1]}\nexport {};\n`] as const;
    });
  }),
);

/** The names that an example of a docstring may take as given, beside what it leaves out as the guides do. */
const orders = 'import("ackloop").FeedEvent<"order.created", { readonly code: string }>';
const given: Readonly<Record<string, string>> = {
  feed: `import("ackloop").Feed<${orders}>`,
  event: orders,
  handlers: `(event: ${orders}) => Promise<void>`,
  receiver: `import("ackloop").Receiver<${orders}>`,
  stores: 'import("ackloop").FullStoreSet',
};

/** An example as a module, with what it takes as given. */
function withGiven(example: string): string {
  const missing = Object.entries(given).filter(
    ([name]) => !new RegExp(`const (\\{[^}]*)?\\b${name}\\b`).test(example),
  );
  const lines = missing.map(([name, type]) => `declare const ${name}: ${type};`);
  return `${example}\nexport {};\n${lines.join("\n")}\n`;
}

/** The examples in the docstrings of the source, each as a file beside its own, named after its line. */
const examples = new Map(
  readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const text = textOf(`src/${file}`);
      return [...text.matchAll(/^ *\* @example\n((?: *\*(?!\/| @).*\n)+)/gm)].map((match) => {
        const code = (match[1] ?? "").replace(/^ *\* ?/gm, "").replace(/^```.*$/gm, "");
        const line = text.slice(0, match.index).split("\n").length;
        return [join(root, `src/${file}-line-${line}.ts`), withGiven(code)] as const;
      });
    }),
);

/** The functions of the root entry, by the docstrings of their first declarations. */
function verbs(): ReadonlyMap<string, readonly ts.JSDocTag[]> {
  const program = compile(new Map([[join(root, "src/verbs.ts"), 'export * from "ackloop";']]));
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(join(root, "src/verbs.ts"));
  const module = file && checker.getSymbolAtLocation(file);
  const functions = (module ? checker.getExportsOfModule(module) : [])
    .map((symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    )
    .flatMap((symbol) => (symbol.declarations ?? []).filter(ts.isFunctionDeclaration).slice(0, 1));
  return new Map(functions.map((node) => [node.name?.text ?? "", ts.getJSDocTags(node)]));
}

/** The README's blocks of JavaScript, as the files that they name, which import each other. */
const programs = new Map(
  [...textOf("README.md").matchAll(/^```js\n(\/\/ (\S+)\n.*?)^```/gms)].map(
    ([, text = "", name = ""]) => [join(root, name), text] as const,
  ),
);

/** Compiles files as users would see the package: `ackloop` stands for the source. */
function compile(
  files: ReadonlyMap<string, string>,
  more: Readonly<ts.CompilerOptions> = {},
): ts.Program {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // A short example may name what it does not use.
  const relaxed = { ...options, noUnusedLocals: false, noUnusedParameters: false, ...more };
  const host = ts.createCompilerHost(relaxed);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  return ts.createProgram([...files.keys()], relaxed, host);
}

const messagesOf = (problems: readonly ts.Diagnostic[]) =>
  problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));

describe("the code in the documents", () => {
  let program: ts.Program;
  beforeAll(() => {
    program = compile(new Map([...blocks, ...examples]));
  }, 120_000);

  it.each([...blocks.keys(), ...examples.keys()].map((path) => path.slice(root.length)))(
    "compiles: %s",
    (name) => {
      const file = program.getSourceFile(join(root, name));
      const allowed = [...guides, "src/"].some((page) => name.startsWith(page))
        ? allowedInGuides
        : [];
      const problems = [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file).filter(({ code }) => !allowed.includes(code)),
      ];

      expect(file).toBeDefined();
      expect(messagesOf(problems)).toEqual([]);
    },
    120_000,
  );

  it("compiles as JavaScript in the README, and names nothing that the package has not", () => {
    // What JavaScript does not say, such as the type of an argument, is not asked for.
    const checked = compile(programs, {
      allowJs: true,
      checkJs: true,
      strict: false,
      exactOptionalPropertyTypes: false,
    });
    const problems = [...programs.keys()].flatMap((path) => {
      const file = checked.getSourceFile(path);
      return [...checked.getSyntacticDiagnostics(file), ...checked.getSemanticDiagnostics(file)];
    });

    expect([...programs.keys()].map((path) => path.slice(root.length))).toContain("main.mjs");
    expect(messagesOf(problems)).toEqual([]);
  }, 120_000);

  it("has an example of each function of the root entry, which says where it is imported from", () => {
    const without = [...verbs()].filter(
      ([, tags]) =>
        !tags.some(
          ({ tagName, comment }) =>
            tagName.text === "example" && String(comment).includes('from "ackloop"'),
        ),
    );

    expect(verbs().has("drain")).toBe(true);
    expect(without.map(([name]) => name)).toEqual([]);
  }, 120_000);

  it("has an example in the README", () => {
    expect([...blocks.keys()].some((path) => path.includes("README.md"))).toBe(true);
  });
});

describe("the documents", () => {
  it.each(pages)("link only to what is there: %s", (page) => {
    const targets = [...textOf(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
      ([, target = ""]) => target,
    );

    expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  it("name only scripts that exist", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { readonly scripts: object };
    const named = ["README.md", "CONTRIBUTING.md"].flatMap((page) => [
      ...textOf(page).matchAll(/npm run (?:--\S+ )*([a-z-]+)/g),
    ]);

    expect(named.map(([, name = ""]) => name).filter((name) => !(name in scripts))).toEqual([]);
  });

  it("are walked, each by a test of the package", () => {
    const folder = join(root, "test/packed/guides");
    const tests = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const withCode = guides.filter((page) => /^```(ts|js|sh)$/m.test(textOf(page)));
    // Its commands are of the repository.
    const others = ["docs/simulation.md"];

    expect(withCode.filter((page) => !tests.some((text) => text.includes(`"${page}"`)))).toEqual(
      others,
    );
  });
});
