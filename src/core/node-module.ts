type NodeModules =
  | "node:async_hooks"
  | "node:crypto"
  | "node:diagnostics_channel"
  | "node:fs"
  | "node:http"
  | "node:https"
  | "node:module"
  | "node:path"
  | "node:sqlite"
  | "node:stream"
  | "node:util"
  | "node:zlib";

/** A module of Node's, where there is one; no bundler sees that it is asked for. It never throws. */
export function nodeModule<Name extends NodeModules>(
  name: Name,
): ReturnType<typeof process.getBuiltinModule<Name>> | undefined {
  try {
    return process.getBuiltinModule(name);
  } catch {
    // There is no `process`, it cannot do this, or refuses it: Next's edge runtime throws.
    return undefined;
  }
}
