import { transform } from "esbuild";
import ts from "typescript";

/** A block of a page as a module that runs. */
export interface Module {
  readonly code: string;
  /** The names that it uses and does not declare, since the text has told of them in words. */
  readonly free: readonly string[];
}

/** "Cannot find name", as the compiler says it of a name, of one like another, and of a short property. */
const unknownName = new Set([2304, 2552, 18004]);

/**
 * A block as a module: the names that it does not declare come from `globalThis.given`, and those that it
 * declares are exported, so that a test sees what came of it.
 */
export async function toModule(text: string): Promise<Module> {
  const file = ts.createSourceFile("block.ts", text, ts.ScriptTarget.Latest, true);
  const free = freeNames(text).filter((name) => !(name in globalThis));
  const exported = file.statements.flatMap(declared);
  const given = free.length > 0 ? `const { ${free.join(", ")} } = globalThis.given;\n` : "";
  const exports = exported.length > 0 ? `\nexport { ${exported.join(", ")} };\n` : "";
  const { code } = await transform(given + text + exports, {
    loader: "ts",
    format: "esm",
    // Of what the oldest Node cannot read yet: `await using`.
    target: "node20",
  });
  return { code, free };
}

/** The names of values that a text uses and does not declare. */
function freeNames(text: string): readonly string[] {
  const options: ts.CompilerOptions = { noLib: true, noResolve: true, types: [] };
  const host = ts.createCompilerHost(options);
  const name = "block.ts";
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  host.getSourceFile = (path) => (path === name ? file : undefined);
  const program = ts.createProgram([name], options, host);
  const names = program
    .getSemanticDiagnostics(file)
    .filter(({ code, start = 0 }) => unknownName.has(code) && !isInType(file, start))
    .map(({ start = 0, length = 0 }) => text.slice(start, start + length));
  return [...new Set(names)];
}

function isInType(file: ts.SourceFile, position: number): boolean {
  let isType = false;
  const visit = (node: ts.Node): void => {
    if (position < node.getStart(file) || position >= node.end) return;
    if (ts.isTypeNode(node)) isType = true;
    node.forEachChild(visit);
  };
  visit(file);
  return isType;
}

/** The names of values that a statement at the top declares and does not export itself. */
function declared(statement: ts.Statement): readonly string[] {
  const isExported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  if (isExported) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  const isNamed = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
  return isNamed && statement.name ? [statement.name.text] : [];
}

function boundNames(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((each) => (ts.isBindingElement(each) ? boundNames(each.name) : []));
}
