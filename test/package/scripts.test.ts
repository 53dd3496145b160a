import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const textOf = (file: string): string => readFileSync(`${root}${file}`, "utf8");

/** What one of the functions of `.ci/run` prints, without the rest of it. */
function printed(name: string): readonly string[] {
  const [definition] =
    textOf(".ci/run").match(new RegExp(`^${name}\\(\\) \\{$.*?^\\}$`, "ms")) ?? [];
  const script = ["-c", `${definition}\n${name}`];
  return execFileSync("bash", script, { cwd: root, encoding: "utf8" }).trim().split("\n");
}

it("CI runs the second command of the README as it stands there", () => {
  const [, block = ""] = textOf("README.md").match(/^```sh\n(npm ci .*?)^```/ms) ?? [];
  const commands = block.split("\n").map((line) => line.replace(/ +#.*/, ""));

  expect(commands.slice(0, 2)).toEqual(["npm ci && npm run demo", "npm ci && npm test"]);
  expect(printed("readme_command")).toEqual([commands[1]]);
});

it("CI runs all other parts of `check`, and `check` has both speeds and the matrix", () => {
  const { scripts } = JSON.parse(textOf("package.json"));
  const parts = scripts.check.split(" && ");

  expect(parts).toEqual(expect.arrayContaining(["npm test", "npm run prove", "npm run matrix"]));
  expect([...printed("other_checks"), "npm test"].sort()).toEqual(parts.sort());
});
