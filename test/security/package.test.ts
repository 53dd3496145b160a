import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(`${root}${name}`, "utf8"));

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
  readonly hasInstallScript?: boolean;
}

describe("the package", () => {
  it("runs nothing when it is installed", () => {
    const { scripts } = read("package.json") as { scripts: Record<string, string> };

    for (const name of ["preinstall", "install", "postinstall", "prepare", "prepublish"]) {
      expect(scripts).not.toHaveProperty(name);
    }
  });

  it("is published with provenance: what was built, guides, examples, and no source or test", () => {
    const { publishConfig, files } = read("package.json") as {
      readonly publishConfig: object;
      readonly files: readonly string[];
    };

    expect(publishConfig).toMatchObject({ access: "public", provenance: true });
    expect(files.filter((name) => !name.startsWith("!"))).toEqual([
      "dist",
      "docs/*.md",
      "docs/pictures",
      "docs/providers",
      "examples",
      "CHANGELOG.md",
      "SECURITY.md",
    ]);
  });

  it("brings three packages along, each of one version, none with an install script", () => {
    const { dependencies } = read("package.json");
    const { packages } = read("package-lock.json") as { packages: Record<string, Locked> };
    const brought = Object.entries(packages).filter(
      ([path, { dev, optional, peer }]) => path !== "" && !dev && !optional && !peer,
    );

    expect(Object.keys(dependencies).sort()).toEqual(["ky", "p-retry", "zod"]);
    expect(brought.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
    expect(brought.filter(([, { integrity }]) => !integrity?.startsWith("sha512-"))).toEqual([]);
  });

  it("has no way to run text as code, but for the command that a person names in `--exec`", () => {
    const sources = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts"),
    );
    const found = sources.filter((name) =>
      /\beval\(|new Function\(|node:vm|node:child_process/.test(
        readFileSync(`${root}src/${name}`, "utf8"),
      ),
    );

    expect(sources.length).toBeGreaterThan(100);
    expect(found).toEqual(["cli/execute.ts"]);
  });
});
