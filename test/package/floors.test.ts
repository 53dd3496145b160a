import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  cruise,
  type ICruiseOptions,
  type ICruiseResult,
  type IFlattenedRuleSet,
} from "dependency-cruiser";
import extractDepcruiseConfig from "dependency-cruiser/config-utl/extract-depcruise-config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { forbidden = [], options = {} } = await extractDepcruiseConfig(
  join(root, ".dependency-cruiser.mjs"),
);

type Files = Readonly<Record<string, string>>;

/** Keeps every floor, and does all that the floors allow. */
const sound: Files = {
  "src/core/errors.ts": "export class Failure {}",
  "src/core/event.ts": 'import type { Failure } from "./errors.ts"; export type Item = Failure;',
  "src/http/client.ts":
    'import ky from "ky"; import retry from "p-retry"; import * as z from "zod/mini"; import "../core/errors.ts"; export { ky, retry, z };',
  "src/feeds/cursor.ts": 'import "../core/errors.ts"; export {};',
  "src/loop/run.ts": 'import retry from "p-retry"; import "../core/errors.ts"; export { retry };',
  "src/opentelemetry/run.ts": 'import "@opentelemetry/api"; import "../core/errors.ts"; export {};',
  "src/jetstream/queue.ts":
    'import "@nats-io/jetstream"; import type { NatsConnection } from "@nats-io/transport-node"; import "../core/errors.ts"; export type C = NatsConnection;',
  "src/stores/file.ts": 'import "node:fs"; import "../core/errors.ts"; export {};',
  "src/providers/tiki/wire.ts": 'import * as z from "zod/mini"; export { z };',
  "src/providers/tiki/index.ts":
    'import "./wire.ts"; import "../../http/client.ts"; import "../../feeds/cursor.ts"; import "../../core/errors.ts"; export {};',
  "src/page/page.ts": "export {};",
  "src/page/parts/table.ts": 'import "preact"; export {};',
  "src/cli/page/main.ts": 'import "preact"; import "../../page/parts/table.ts"; export {};',
  "src/emulator/page/built.ts": 'import "../../page/page.ts"; export {};',
  "src/emulator/index.ts":
    'import "node:http"; import "../page/page.ts"; import "./page/built.ts"; import type { Item } from "../core/event.ts"; export type E = Item;',
  "src/testing/index.ts":
    'import "../core/errors.ts"; import "../feeds/cursor.ts"; import "../loop/run.ts"; import "../emulator/index.ts"; import "msw"; export {};',
  "src/inspector/letters.ts":
    'import "../page/page.ts"; import "../core/errors.ts"; import "../feeds/cursor.ts"; import "../loop/run.ts"; export {};',
  "src/cli/main.ts":
    'import "../inspector/letters.ts"; import "../emulator/index.ts"; import "../providers/tiki/index.ts"; export {};',
  "src/index.ts": 'export * from "./core/errors.ts"; export * from "./loop/run.ts";',
};

/** Text of a planted file, and exactly the rules that it must break. */
const planted: readonly (readonly [file: string, text: string, ...rules: string[]])[] = [
  ["src/core/a.ts", 'import "../loop/run.ts";', "core-imports-nothing"],
  ["src/core/b.ts", 'import type { Failure } from "../http/client.ts";', "core-imports-nothing"],
  [
    "src/core/c.ts",
    'import type { Options } from "ky";',
    "core-imports-nothing",
    "ky-only-in-http",
  ],
  ["src/core/d.ts", 'import "node:fs";', "core-imports-nothing", "node-only-where-it-is-needed"],
  ["src/http/a.ts", 'import type { R } from "../loop/run.ts";', "http-imports-core"],
  ["src/http/b.ts", 'export * from "../stores/file.ts";', "http-imports-core"],
  ["src/http/d.ts", 'import type { Plugin } from "esbuild";', "no-other-package"],
  ["src/http/e.ts", 'import "node:crypto";', "node-only-where-it-is-needed"],
  ["src/http/f.ts", 'import "./not-there.ts";', "every-import-is-found"],
  [
    "src/inspector/a.ts",
    'import "../stores/file.ts";',
    "inspector-imports-core-and-feeds-and-loop-and-page",
  ],
  ["src/page/a.ts", 'import "../core/errors.ts";', "page-imports-nothing"],
  ["src/inspector/b.ts", 'import "../page/parts/table.ts";', "browser-code-only-in-pages"],
  [
    "src/inspector/c.ts",
    'import "preact";',
    "preact-only-in-page/parts-and-inspector/page-and-cli/page",
  ],
  ["src/feeds/a.ts", 'import "../http/client.ts";', "feeds-imports-core"],
  ["src/feeds/b.ts", 'import type { R } from "../loop/run.ts";', "feeds-imports-core"],
  ["src/feeds/c.ts", 'import "../providers/tiki/index.ts";', "feeds-imports-core"],
  ["src/feeds/d.ts", 'import * as z from "zod/mini";', "zod-only-in-http-and-providers"],
  ["src/loop/a.ts", 'import "../http/client.ts";', "loop-imports-core"],
  ["src/loop/b.ts", 'import type { F } from "../stores/file.ts";', "loop-imports-core"],
  ["src/loop/c.ts", 'await import("../providers/tiki/index.ts");', "loop-imports-core"],
  ["src/loop/d.ts", 'import "ky";', "ky-only-in-http"],
  ["src/loop/e.ts", 'import type * as z from "zod/mini";', "zod-only-in-http-and-providers"],
  ["src/loop/f.ts", 'import type { G } from "./g.ts"; export type F = G;', "no-cycles"],
  ["src/loop/g.ts", 'import type { F } from "./f.ts"; export type G = F;'],
  ["src/stores/a.ts", 'import "../http/client.ts";', "stores-imports-core"],
  ["src/stores/b.ts", 'import type { R } from "../loop/run.ts";', "stores-imports-core"],
  ["src/stores/c.ts", 'import "p-retry";', "p-retry-only-in-http-and-loop"],
  ["src/stores/d.ts", 'import "msw";', "msw-only-in-testing"],
  ["src/stores/e.ts", 'import "commander";', "commander-only-in-cli"],
  ["src/opentelemetry/a.ts", 'import "../loop/run.ts";', "opentelemetry-imports-core"],
  ["src/loop/h.ts", 'import "@opentelemetry/api";', "api-only-in-opentelemetry"],
  ["src/jetstream/a.ts", 'import "../stores/file.ts";', "jetstream-imports-core"],
  ["src/stores/f.ts", 'import "@nats-io/jetstream";', "jetstream-only-in-jetstream"],
  ["src/loop/i.ts", 'import "@nats-io/transport-node";', "transport-node-only-in-jetstream"],
  [
    "src/providers/kekker/a.ts",
    'import "../tiki/index.ts";',
    "provider-imports-core-http-feeds-and-itself",
  ],
  [
    "src/providers/kekker/b.ts",
    'import type { R } from "../../loop/run.ts";',
    "provider-imports-core-http-feeds-and-itself",
  ],
  [
    "src/providers/kekker/c.ts",
    'import "../../emulator/index.ts";',
    "provider-imports-core-http-feeds-and-itself",
  ],
  ["src/providers/kekker/d.ts", 'import "p-retry";', "p-retry-only-in-http-and-loop"],
  [
    "src/providers/kekker/e.ts",
    'import "../shared.ts";',
    "provider-imports-core-http-feeds-and-itself",
    "providers-share-no-file",
  ],
  ["src/providers/shared.ts", "export {};"],
  ["src/emulator/a.ts", 'import "../core/errors.ts";', "emulator-imports-types-of-core-only"],
  [
    "src/emulator/b.ts",
    'import type { T } from "../providers/tiki/wire.ts";',
    "emulator-imports-only-itself-and-core-and-page",
  ],
  ["src/emulator/c.ts", 'import "zod";', "zod-only-in-http-and-providers"],
  [
    "src/testing/a.ts",
    'import "../stores/file.ts";',
    "testing-imports-core-and-feeds-and-loop-and-emulator",
  ],
  [
    "src/testing/b.ts",
    'import "../providers/tiki/index.ts";',
    "testing-imports-core-and-feeds-and-loop-and-emulator",
  ],
  [
    "src/testing/c.ts",
    'import "../cli/main.ts";',
    "testing-imports-core-and-feeds-and-loop-and-emulator",
    "nothing-imports-the-cli-or-the-root",
  ],
];

/** Files that stand in for the sound ones, and the rules that the root then breaks. */
const brokenRoots: readonly {
  readonly name: string;
  readonly files: Files;
  readonly rules: readonly string[];
}[] = [
  {
    name: "a provider",
    files: { "src/index.ts": 'export type { T } from "./providers/tiki/index.ts";' },
    rules: ["root-imports-core-and-loop", "root-reaches-no-provider-zod-or-ky"],
  },
  {
    name: "a store",
    files: { "src/index.ts": 'export * from "./stores/file.ts";' },
    rules: ["root-imports-core-and-loop"],
  },
  {
    name: "ky, two files away",
    files: { "src/loop/run.ts": 'import "../http/client.ts";' },
    rules: ["root-reaches-no-provider-zod-or-ky"],
  },
  {
    name: "zod, by its types",
    files: {
      "src/core/errors.ts": 'import type * as z from "zod/mini"; export type Z = z.ZodMiniType;',
    },
    rules: ["root-reaches-no-provider-zod-or-ky"],
  },
];

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Runs the repository's rules over files; gives the broken rules by the file that breaks them. */
async function rulesBroken(files: Files): Promise<Readonly<Record<string, readonly string[]>>> {
  await mkdir(join(root, ".tmp"), { recursive: true });
  const folder = await mkdtemp(join(root, ".tmp/floors-"));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const ruleSet = { forbidden } as IFlattenedRuleSet;
  const { tsConfig: _, ...rest } = options as ICruiseOptions;
  const { output } = await cruise(["src"], { ...rest, baseDir: folder, validate: true, ruleSet });
  const broken: Record<string, string[]> = {};
  for (const { from, rule } of (output as ICruiseResult).summary.violations) {
    broken[from] = [...new Set([...(broken[from] ?? []), rule.name])].sort();
  }
  return broken;
}

describe("the floors", () => {
  let broken: Readonly<Record<string, readonly string[]>> = {};
  beforeAll(async () => {
    const files = planted.map(([file, text]) => [file, text]);
    broken = await rulesBroken({ ...sound, ...Object.fromEntries(files) });
  });

  it("let everything through that DESIGN allows", async () => {
    expect(await rulesBroken(sound)).toEqual({});
  });

  it.each(planted)("judge a planted %s with `%s`", (file, _text, ...rules) => {
    expect(broken[file] ?? []).toEqual(rules.sort());
  });

  it.each(brokenRoots)("refuse a root that reaches $name", async ({ files, rules }) => {
    const found = await rulesBroken({ ...sound, ...files });

    expect(found["src/index.ts"] ?? []).toEqual(rules);
  });

  it("have a planted violation for every rule", () => {
    const proved = [
      ...planted.flatMap(([, , ...rules]) => rules),
      ...brokenRoots.flatMap(({ rules }) => rules),
    ];

    expect(
      forbidden.map((rule) => rule.name).filter((name) => !proved.includes(name ?? "")),
    ).toEqual([]);
  });
});
