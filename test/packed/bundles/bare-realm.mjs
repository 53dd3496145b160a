/**
 * Runs bundles, each in a realm of its own that has JavaScript and the web's globals, and nothing of Node:
 * no `process`, `Buffer`, `require`, `module` or `setImmediate`, and no import of any kind.
 *
 *   node --experimental-vm-modules test/packed/bundles/bare-realm.mjs GIVEN BUNDLE...
 *
 * GIVEN is JSON that a bundle finds as `globalThis.given`.
 */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { createContext, Script, SourceTextModule } from "node:vm";

/** What browsers and edge runtimes have alike. */
const webGlobals = [
  ...["AbortController", "AbortSignal", "DOMException", "Event", "EventTarget", "Headers"],
  ...["ReadableStream", "Request", "Response", "TextDecoder", "TextEncoder", "URL"],
  ...["URLSearchParams", "atob", "btoa", "clearTimeout", "console", "crypto", "fetch"],
  ...["performance", "queueMicrotask", "structuredClone"],
];

function webRealm(known) {
  const given = Object.fromEntries(webGlobals.map((name) => [name, Reflect.get(globalThis, name)]));
  const realm = {
    ...given,
    given: known,
    // A number as on the web, where a timer has no `unref`.
    setTimeout: (run, ms) => Number(setTimeout(run, ms)),
  };
  realm.self = realm;
  return createContext(realm);
}

function refuseImport(name) {
  throw new Error(`the bundle imports ${name}`);
}

const modules = new Map();

/** A file of the bundle, once however often it is imported. */
function moduleAt(file, context) {
  const known = modules.get(file) ?? read(file, context);
  modules.set(file, known);
  return known;
}

async function read(file, context) {
  const text = await readFile(file, "utf8");
  return new SourceTextModule(text, { context, identifier: file, importModuleDynamically: link });
}

/** Parts of a bundle import each other, and nothing else. */
function link(name, { identifier, context }) {
  if (!name.startsWith(".")) return refuseImport(name);
  return moduleAt(resolve(dirname(identifier), name), context);
}

const [, , known = "null", ...files] = process.argv;
for (const file of files) {
  const context = webRealm(JSON.parse(known));
  modules.clear();
  if (file.endsWith(".mjs")) {
    const module = await moduleAt(resolve(file), context);
    await module.link(link);
    await module.evaluate();
  } else {
    const text = await readFile(file, "utf8");
    new Script(text, { importModuleDynamically: refuseImport }).runInContext(context);
  }
}
