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

/** The folders of `src` that may import each package. */
const homes = {
  commander: ["cli"],
  ky: ["http"],
  "p-retry": ["http", "loop"],
  zod: ["http", "providers"],
  msw: ["testing"],
  "@opentelemetry/api": ["opentelemetry"],
  "@nats-io/jetstream": ["jetstream"],
  "@nats-io/transport-node": ["jetstream"],
  preact: ["page/parts", "inspector/page", "cli/page"],
};

const forbidden = [
  {
    name: "core-imports-nothing",
    severity: "error",
    from: { path: "^src/core/" },
    to: { pathNot: "^src/core/" },
  },
  floor("http", "core"),
  floor("feeds", "core"),
  floor("loop", "core"),
  floor("stores", "core"),
  floor("opentelemetry", "core"),
  floor("jetstream", "core"),
  floor("testing", "core", "feeds", "loop", "emulator"),
  floor("page"),
  floor("inspector", "core", "feeds", "loop", "page"),
  {
    name: "provider-imports-core-http-feeds-and-itself",
    severity: "error",
    from: { path: "^src/providers/([^/]+)/" },
    to: { path: "^src/", pathNot: "^src/(core|http|feeds)/|^src/providers/$1/" },
  },
  {
    name: "providers-share-no-file",
    comment: "A provider is one folder; what two of them need belongs in feeds, http or core.",
    severity: "error",
    from: {},
    to: { path: "^src/providers/[^/]+\\.ts$" },
  },
  {
    name: "browser-code-only-in-pages",
    comment: "A server takes a page as it was built, from `built.ts`.",
    severity: "error",
    from: { pathNot: "^src/(page/parts|[^/]+/page)/" },
    to: { path: "^src/(page/parts|[^/]+/page)/", pathNot: "/page/built\\.ts$" },
  },
  {
    name: "emulator-imports-only-itself-and-core-and-page",
    severity: "error",
    from: { path: "^src/emulator/" },
    to: { path: "^src/", pathNot: "^src/(emulator|core|page)/" },
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
  ...Object.entries(homes).map(([name, folders]) => ({
    name: `${name.replace(/^@[^/]+\//, "")}-only-in-${folders.join("-and-")}`,
    severity: "error",
    from: { pathNot: `^src/(${folders.join("|")})/` },
    to: { path: installed(name) },
  })),
  {
    name: "no-other-package",
    comment: "A new dependency is a decision: give it its home above.",
    severity: "error",
    from: {},
    to: { path: "(^|/)node_modules/", pathNot: installed(...Object.keys(homes)) },
  },
  {
    name: "node-only-where-it-is-needed",
    comment: "Everything else runs in browsers and on edge runtimes as it is.",
    severity: "error",
    from: { pathNot: "^src/(stores|emulator|cli)/" },
    to: { dependencyTypes: ["core"] },
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
