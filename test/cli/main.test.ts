import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Starts the command line as a process of its own, from the sources. */
function start(...args: readonly string[]) {
  const argv = ["--import", "./scripts/typescript.mjs", "src/cli/main.ts", ...args];
  const child = spawn(process.execPath, argv, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const ended = once(child, "close");
  return { child, ended };
}

/** The first line that the process writes. */
async function firstLine(child: ReturnType<typeof start>["child"]): Promise<string> {
  let text = "";
  for await (const piece of child.stdout) {
    text += String(piece);
    if (text.includes("\n")) break;
  }
  return text;
}

const post = (body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});

describe("the process", { timeout: 30_000 }, () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "serves other processes, and ends cleanly on %s",
    async (signal) => {
      const { child, ended } = start("emulate", "--json", "--provider", "tiki");
      const { admin, providers } = JSON.parse(await firstLine(child));
      const { baseUrl, tokenUrl, clientId, clientSecret } = providers.tiki;
      const token = await fetch(tokenUrl, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
      });
      const authorization = `Bearer ${(await token.json()).access_token}`;
      const made = await fetch(`${baseUrl}/queues`, post({ name: "orders" }, { authorization }));
      const { code } = await made.json();
      const events = [{ id: "e1", type: "ORDER_STATUS_UPDATED", payload: {} }];

      await fetch(`${admin}/tiki/publish`, post({ queue: code, events }));
      const url = `${baseUrl}/queues/${code}/events/pull`;
      const page = await (await fetch(url, post({}, { authorization }))).json();
      child.kill(signal);

      expect(await ended).toEqual([0, null]);
      expect(page.events).toMatchObject([{ id: "e1" }]);
    },
  );

  it("prints the version of the package, and exits with 2 when it is used wrongly", async () => {
    const version = start("--version");
    const line = await firstLine(version.child);
    const wrong = start("emulate", "--wrong");

    expect(line).toMatch(/^\d+\.\d+\.\d+/);
    expect(await version.ended).toEqual([0, null]);
    expect(await wrong.ended).toEqual([2, null]);
  });
});
