type NodeModules = "node:async_hooks" | "node:fs" | "node:module" | "node:path" | "node:sqlite";

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
