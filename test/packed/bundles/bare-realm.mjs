/**
 * Runs a bundle in a realm of its own that has JavaScript and the web's globals, and nothing of Node:
 * no `process`, `Buffer`, `require`, `module` or `setImmediate`, and no import of any kind.
 *
 *   node --experimental-vm-modules test/packed/bundles/bare-realm.mjs BUNDLE
 */
import { readFile } from "node:fs/promises";
import { createContext, Script, SourceTextModule } from "node:vm";

/** What browsers and edge runtimes have alike. */
const webGlobals = [
  ...["AbortController", "AbortSignal", "DOMException", "Event", "EventTarget", "Headers"],
  ...["ReadableStream", "Request", "Response", "TextDecoder", "TextEncoder", "URL"],
  ...["URLSearchParams", "atob", "btoa", "clearTimeout", "console", "crypto", "fetch"],
  ...["performance", "queueMicrotask", "structuredClone"],
];

function webRealm() {
  const given = Object.fromEntries(webGlobals.map((name) => [name, Reflect.get(globalThis, name)]));
  const realm = {
    ...given,
    // A number as on the web, where a timer has no `unref`.
    setTimeout: (run, ms) => Number(setTimeout(run, ms)),
  };
  realm.self = realm;
  return createContext(realm);
}

function refuseImport(name) {
  throw new Error(`the bundle imports ${name}`);
}

const [, , file = ""] = process.argv;
const text = await readFile(file, "utf8");
const context = webRealm();
if (file.endsWith(".mjs")) {
  const module = new SourceTextModule(text, { context, importModuleDynamically: refuseImport });
  await module.link(refuseImport);
  await module.evaluate();
} else {
  new Script(text, { importModuleDynamically: refuseImport }).runInContext(context);
}
