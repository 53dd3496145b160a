import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { folder } from "./emulated.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Starts the command line as a process of its own, from the sources. */
function start(...args: readonly string[]) {
  return startWith({}, ...args);
}

/** The same, with environment variables. */
function startWith(environment: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const env = { ...process.env, ...environment };
  const argv = ["--import", "./scripts/typescript.mjs", "src/cli/main.ts", ...args];
  const child = spawn(process.execPath, argv, {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const ended = once(child, "close");
  return { child, ended };
}

/** The environment variables of a connection to an emulator. */
function environmentOf({ baseUrl, channel, login, password }: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries({ BASE_URL: baseUrl, CHANNEL: channel, LOGIN: login, PASSWORD: password }).map(
      ([name, value]) => [`KEKKER_${name}`, value ?? ""],
    ),
  );
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

  it("ends at once on a second signal, with the commands that it has started", async () => {
    const { child, ended } = start("emulate", "--json", "--provider", "kekker", "--publish", "1");
    const { providers } = JSON.parse(await firstLine(child));

    const file = join(folder(), "alive");
    const words = [
      "drain",
      "kekker",
      "--exec",
      `trap '' TERM; while :; do echo . | tee -a ${file} >&2; sleep 0.1; done`,
    ];
    const environment = environmentOf(providers.kekker);
    const drain = startWith(environment, ...words);
    await once(drain.child.stderr, "data");

    drain.child.kill("SIGINT");
    await setTimeout(500);
    drain.child.kill("SIGTERM");

    expect(await drain.ended).toEqual([143, null]);
    const written = statSync(file).size;
    await setTimeout(500);
    expect(statSync(file).size).toBe(written);
    child.kill("SIGINT");
    await ended;
  });

  it("ends in order with its terminal, and what it has started is done", async () => {
    const { child, ended } = start("emulate", "--json", "--provider", "kekker", "--publish", "1");
    const { providers, admin } = JSON.parse(await firstLine(child));

    const script = "echo begun >&2; sleep 1";
    const drain = startWith(
      environmentOf(providers.kekker),
      ...["drain", "kekker", "--exec", script],
    );
    await once(drain.child.stderr, "data");
    drain.child.kill("SIGHUP");

    expect(await drain.ended).toEqual([0, null]);
    const acked = await fetch(`${admin}/kekker/journal?kind=acked`);
    expect((await acked.json()).entries).toHaveLength(1);
    child.kill("SIGINT");
    await ended;
  });

  it("acknowledges nothing once nobody reads what it shows", async () => {
    const { child, ended } = start("emulate", "--json", "--provider", "kekker", "--publish", "3");
    const { providers, admin } = JSON.parse(await firstLine(child));

    const environment = environmentOf(providers.kekker);
    const tail = startWith(environment, "tail", "kekker", "--ack", "--once");
    tail.child.stdout.destroy();

    expect(await tail.ended).toEqual([0, null]);
    const acked = await fetch(`${admin}/kekker/journal?kind=acked`);
    expect(await acked.json()).toMatchObject({ entries: [] });
    child.kill("SIGINT");
    await ended;
  });

  it("prints the version of the package, and exits with 2 when it is used wrongly", async () => {
    const version = start("--version");
    const line = await firstLine(version.child);
    const wrong = start("emulate", "--wrong");

    expect(line).toMatch(/^\d+\.\d+\.\d+/);
    expect(await version.ended).toEqual([0, null]);
    expect(await wrong.ended).toEqual([2, null]);
  });
});
