import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { providerNames } from "../../examples/demo/provider.ts";
import { root } from "./tools.ts";

/** The hosts: what each does with the providers. */
const hosts = {
  process: ["serveUntilEnd", "void serveUntilEnd(providers);"],
  jest: ["serveUntilEnd", 'test("the scenario", () => serveUntilEnd(providers), 150_000);'],
  worker: ["toWorker", "export default toWorker(providers);"],
  edge: ["listen", "listen(providers);"],
  lambda: ["toHandler", "export const handler = toHandler(providers);"],
} as const;

/** The text of a program that gives a host all providers. */
function textOf(host: keyof typeof hosts): string {
  const [name, use] = hosts[host];
  const file = host === "jest" ? "process" : host;
  return [
    ...providerNames.map(
      (provider, at) =>
        `import { provider as p${at} } from "./examples/demo/providers/${provider}.ts";`,
    ),
    `import { ${name} } from "./test/matrix/hosts/${file}.ts";`,
    `const providers = { ${providerNames.map((provider, at) => `"${provider}": p${at}`)} };`,
    use,
  ].join("\n");
}

/** How it is built: our code alone, or with the package and all that it depends on. */
type Form = Pick<BuildOptions, "format" | "platform" | "minify" | "conditions"> & {
  readonly bundle: "own" | "all";
};

/** Writes the program of a host into a user's folder; gives its file. Rejects on warnings too. */
export async function write(
  consumer: string,
  host: keyof typeof hosts,
  name: string,
  { bundle, ...options }: Form,
): Promise<string> {
  const file = join(consumer, name);
  const { warnings, outputFiles } = await build({
    stdin: { contents: textOf(host), resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    target: "es2022",
    logLevel: "silent",
    tsconfigRaw: {},
    external: ["ackloop", "ackloop/*", "@opentelemetry/api"],
    ...(bundle === "all" && { external: [] }),
    plugins: bundle === "all" ? [fromConsumer(consumer)] : [],
    ...options,
    write: false,
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join("\n"));
  writeFileSync(file, outputFiles[0]?.contents ?? "");
  return file;
}

/** The package is found where a user has installed it. */
const fromConsumer = (consumer: string) => ({
  name: "consumer",
  setup(builder: Parameters<NonNullable<BuildOptions["plugins"]>[number]["setup"]>[0]) {
    builder.onResolve(
      { filter: /^(ackloop|@opentelemetry)(\/|$)/ },
      ({ path, kind, pluginData }) =>
        pluginData === "found"
          ? undefined
          : builder.resolve(path, { kind, resolveDir: consumer, pluginData: "found" }),
    );
  },
});
