import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeProvider } from "../../scripts/new-provider.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const name = "toy-feed";

let folder = "";
let written: readonly string[] = [];
beforeAll(async () => {
  // Inside the repository, so that the packages are found.
  await mkdir(join(root, ".tmp"), { recursive: true });
  folder = await mkdtemp(join(root, ".tmp/new-provider-"));
  const parts = ["docs/providers", "examples", "scripts", "src", "test"];
  const files = ["package.json", "tsconfig.json", "vitest.config.ts"];
  for (const part of [...parts, ...files]) {
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
  // There, this file names a provider.
  await rm(join(folder, "test/processes/new-provider.test.ts"));
  written = writeProvider(folder, name);
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** Runs a package's command in the copy; what it wrote is in the error when it fails. */
async function run(command: string, ...args: readonly string[]): Promise<string> {
  const file = join(root, "node_modules", command);
  const options = { cwd: folder, maxBuffer: 1e8 };
  const ran = promisify(execFile)(process.execPath, [file, ...args], options);
  const { stdout } = await ran.catch((error: Error & { readonly stdout?: string }) => {
    throw new Error(`${error.message}\n${error.stdout}`, { cause: error });
  });
  return stdout;
}

describe("a provider that is written from the template", { timeout: 300_000 }, () => {
  it("compiles, with every file of the profiles' own", async () => {
    const include = written.filter((path) => path.endsWith(".ts"));
    await writeFile(
      join(folder, "tsconfig.new.json"),
      JSON.stringify({ extends: "./tsconfig.json", include }),
    );

    expect(await run("typescript/bin/tsc", "-p", "tsconfig.new.json")).toBe("");
  });

  it("keeps the laws and the promises of all", async () => {
    const include = [
      `test/providers/${name}/*.test.ts`,
      "test/package/profiles.test.ts",
      "test/providers/{arguments,signals}.test.ts",
      "test/secrets/{emulator,providers}.test.ts",
      "test/security/headers.test.ts",
    ];
    await writeFile(
      join(folder, "new.config.ts"),
      `import config from "./vitest.config.ts";
export default { resolve: config.resolve, test: { include: ${JSON.stringify(include)} } };`,
    );

    // It rejects where one fails.
    const told = await run("vitest/vitest.mjs", "run", "--config", "new.config.ts");

    expect(told).toMatch(/Tests .*\d{3} passed/);
  });

  it("is not written over one that is there, nor under a name that is none", async () => {
    const before = await readFile(join(folder, "package.json"), "utf8");

    for (const wrong of [name, "Acme", "acme_events", "../acme", "", "acme-"]) {
      expect(() => writeProvider(folder, wrong)).toThrow();
    }

    expect(await readFile(join(folder, "package.json"), "utf8")).toBe(before);
  });
});
