import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Listed {
  readonly file: string;
  readonly projectName: string;
}

/** What vitest finds, as it says itself. */
function listed(): readonly Listed[] {
  const vitest = `${root}node_modules/vitest/vitest.mjs`;
  const list = [vitest, "list", "--filesOnly", "--json"];
  const text = execFileSync(process.execPath, list, { cwd: root, encoding: "utf8", stdio: "pipe" });
  return JSON.parse(text);
}

/** The projects that a script runs, and the scripts that it runs. */
function projectsOf(script: string): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const named = [...scripts[script].matchAll(/--project (\S+)/g)].map(([, name]) => name);
  const run = [...scripts[script].matchAll(/npm (?:run )?(\w+)/g)].map(([, name]) => name);
  return [...named, ...run.flatMap(projectsOf)];
}

it("every test file belongs to one project, and `check` runs each of them", () => {
  const found = listed();
  const here = readdirSync(`${root}test`, { recursive: true, encoding: "utf8" });

  const files = here.filter((name) => /\.test(-d)?\.ts$/.test(name)).map((name) => `test/${name}`);
  expect(found.map(({ file }) => relative(root, file)).sort()).toEqual(files.sort());
  expect([...projectsOf("check")].sort()).toEqual(
    [...new Set(found.map((each) => each.projectName))].sort(),
  );
}, 60_000);
