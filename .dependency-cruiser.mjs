// Who may import whom: DESIGN's floors, one rule each. `test/package/floors.test.ts` plants a
// violation of every rule. Type-only imports count everywhere.

/** Matches the installed files of a package, wherever its folder is. */
const installed = (...names) => `(^|/)node_modules/(${names.join("|")})/`;

/** A folder of `src` that may import itself and the named folders of `src`, and no others. */
const floor = (folder, ...below) => ({
  name: `${folder}-imports-${below.length === 0 ? "nothing" : below.join("-and-")}`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: { path: "^src/", pathNot: `^src/(${[folder, ...below].join("|")})/` },
});

const forbidden = [
  {
    name: "core-imports-nothing",
    severity: "error",
    from: { path: "^src/core/" },
    to: { pathNot: "^src/core/" },
  },
  floor("http", "core"),
  floor("loop", "core"),
  floor("stores", "core"),
  floor("testing", "core", "loop", "emulator"),
  {
    name: "provider-imports-core-http-and-itself",
    severity: "error",
    from: { path: "^src/providers/([^/]+)/" },
    to: { path: "^src/", pathNot: "^src/(core|http)/|^src/providers/$1/" },
  },
  {
    name: "providers-share-no-file",
    comment: "A provider is one folder; what two of them need belongs in http or core.",
    severity: "error",
    from: {},
    to: { path: "^src/providers/[^/]+\\.ts$" },
  },
  {
    name: "emulator-imports-only-itself-and-core",
    severity: "error",
    from: { path: "^src/emulator/" },
    to: { path: "^src/", pathNot: "^src/(emulator|core)/" },
  },
  {
    name: "emulator-imports-types-of-core-only",
    comment: "It is its own reading of the vendors' documents: sharing code lets one mistake pass.",
    severity: "error",
    from: { path: "^src/emulator/" },
    to: { path: "^src/core/", dependencyTypesNot: ["type-only"] },
  },
  {
    name: "root-imports-core-and-loop",
    severity: "error",
    from: { path: "^src/index\\.ts$" },
    to: { pathNot: "^src/(core|loop)/" },
  },
  {
    name: "root-reaches-no-provider-zod-or-ky",
    severity: "error",
    from: { path: "^src/index\\.ts$" },
    to: { path: `^src/(providers|http)/|${installed("zod", "ky")}`, reachable: true },
  },
  {
    name: "nothing-imports-the-cli-or-the-root",
    severity: "error",
    from: { path: "^src/", pathNot: "^src/cli/" },
    to: { path: "^src/cli/|^src/index\\.ts$" },
  },
  {
    name: "ky-only-in-http",
    severity: "error",
    from: { pathNot: "^src/http/" },
    to: { path: installed("ky") },
  },
  {
    name: "p-retry-only-in-http-and-loop",
    severity: "error",
    from: { pathNot: "^src/(http|loop)/" },
    to: { path: installed("p-retry") },
  },
  {
    name: "zod-only-in-http-and-providers",
    severity: "error",
    from: { pathNot: "^src/(http|providers)/" },
    to: { path: installed("zod") },
  },
  {
    name: "node-only-where-files-and-sockets-are",
    comment: "Everything else runs in browsers and on edge runtimes as it is.",
    severity: "error",
    from: { pathNot: "^src/(stores|emulator|cli)/" },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "known-packages-only",
    comment: "A new dependency is a decision: say here which one, and where it may be used.",
    severity: "error",
    from: {},
    to: {
      path: "(^|/)node_modules/",
      pathNot: installed(
        "ky",
        "p-retry",
        "zod",
        "hono",
        "@hono/node-server",
        "msw",
        "@electric-sql/pglite",
      ),
    },
  },
  { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
  { name: "every-import-is-found", severity: "error", from: {}, to: { couldNotResolve: true } },
];

export default {
  forbidden,
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "default"],
      extensions: [".ts", ".js", ".mjs", ".d.ts"],
    },
  },
};
