import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { providers } from "../../../src/cli/providers.ts";
import { environmentOf } from "../../cli/emulated.ts";
import { root } from "../consumer.ts";
import { environment, folderOf, packed, shell, until, walkPage } from "./page.ts";

const { sqliteStores } = await packed("ackloop/stores");

const page = "docs/cli.md";
const folder = folderOf(page);
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

/** Starts a command that goes on until Ctrl+C. */
function start(command: string) {
  const child = spawn("sh", ["-c", `exec ${command.replace(/^npx /, "")}`], {
    cwd: folder,
    env: environment(),
  });
  children.add(child);
  let text = "";
  child.stdout.on("data", (piece) => {
    text += String(piece);
  });
  return { child, written: () => text };
}

await walkPage(page, {
  "Without an account": async ({ text }) => {
    const { child, written } = start(text.replace(/\s+#.*$/, ""));
    await until(() => written().includes("This program consumes them"));

    child.kill("SIGINT");

    expect(await once(child, "close")).toEqual([0, null]);
  },
});

describe("the commands of its table", async () => {
  const rows = readFileSync(join(root, page), "utf8").matchAll(/^\| [^|]+ \| `(ackloop .*)` \|$/gm);
  const commands = [...rows].map(([, command = ""]) => command);
  const { child, written } = start("ackloop emulate --json --publish 3 --no-limits");
  await until(() => written().includes("\n"));
  const told = JSON.parse(written());
  const variables = Object.entries(providers).map(([name, provider]) =>
    environmentOf(provider as never, told.providers[name]),
  );
  const env = Object.assign({}, ...variables) as Record<string, string>;
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  writeFileSync(join(folder, ".env"), lines.join("\n"));
  writeFileSync(join(folder, "book.sh"), "#!/bin/sh\ncat > /dev/null\n", { mode: 0o755 });
  // The state of the program that the page speaks of.
  const { deadLetters } = sqliteStores(join(folder, "state.db"));
  await deadLetters.list({ consumer: "billing", feed: "orders" });
  afterAll(() => void child.kill("SIGINT"));

  it("are found", () => {
    expect(commands.length).toBeGreaterThan(5);
  });

  it.each(commands)("work against emulators: %s", (command) => {
    const once = / tail /.test(command) ? " --once" : "";

    const { status, stdout, stderr } = shell(folder, `${command}${once}`, env);

    expect([status, stdout, stderr]).toEqual([0, expect.anything(), expect.anything()]);
  });
});
