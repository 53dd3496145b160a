/**
 * What each entry of the built package declares, as the files in `api`: `npm run surface` writes them. A test
 * compares, so that a change of what users see stands in the diff that is reviewed.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { buildIfStale } from "./build.ts";
import { packageEntries } from "./entries.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** The folder of the files. */
export const surfaceFolder = join(root, "api");

const printer = ts.createPrinter({ removeComments: true, omitTrailingSemicolon: true });

/** The text of each entry's file, by its name: what it exports, then what that speaks of, each sorted. */
export function surfaces(): ReadonlyMap<string, string> {
  const names = Object.keys(packageEntries());
  const files = names.map((name) => join(root, "dist", `${name}.d.ts`));
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
  });
  return new Map(names.map((name, at) => [`${name}.txt`, surfaceOf(program, files[at] ?? "")]));
}

function surfaceOf(program: ts.Program, file: string): string {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${file} exports nothing`);
  const exported = new Map<ts.Symbol, string>();
  for (const symbol of checker.getExportsOfModule(module)) {
    exported.set(resolve(checker, symbol), symbol.name);
  }
  const hidden = new Set<ts.Symbol>();
  for (const symbol of exported.keys()) addMentioned(checker, symbol, exported, hidden);
  const lines = [...exported].map(([symbol, name]) => textOf(symbol, name));
  const others = [...hidden].map((symbol) => textOf(symbol, symbol.name));
  const told = others.length > 0 ? ["// Not exported, and spoken of above:", ...others.sort()] : [];
  return `${[...lines.sort(), ...told].join("\n\n")}\n`;
}

/** The symbol itself, where one stands for another. */
function resolve(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The declarations of a symbol in the built files, at the top of one. */
function declarationsOf(symbol: ts.Symbol): readonly ts.Node[] {
  return (symbol.declarations ?? [])
    .map((node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node))
    .filter((node) => ts.isSourceFile(node.parent) && isOurs(node.getSourceFile().fileName));
}

const isOurs = (file: string): boolean => file.startsWith(join(root, "dist"));

/** Adds what the declarations of a symbol speak of and nobody can import, and what that speaks of. */
function addMentioned(
  checker: ts.TypeChecker,
  symbol: ts.Symbol,
  exported: ReadonlyMap<ts.Symbol, string>,
  hidden: Set<ts.Symbol>,
): void {
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const local = checker.getSymbolAtLocation(node);
      const found = local && resolve(checker, local);
      if (found && !exported.has(found) && !hidden.has(found) && declarationsOf(found).length > 0) {
        hidden.add(found);
        addMentioned(checker, found, exported, hidden);
      }
    }
    ts.forEachChild(node, visit);
  };
  for (const declaration of declarationsOf(symbol)) visit(declaration);
}

function textOf(symbol: ts.Symbol, name: string): string {
  const texts = declarationsOf(symbol).map((node) =>
    printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()),
  );
  const own = symbol.name === name ? "" : `as ${name}: `;
  return texts.map((text) => `${own}${text}`).join("\n");
}

function main(): void {
  buildIfStale();
  mkdirSync(surfaceFolder, { recursive: true });
  for (const file of readdirSync(surfaceFolder)) rmSync(join(surfaceFolder, file));
  for (const [file, text] of surfaces()) writeFileSync(join(surfaceFolder, file), text);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
