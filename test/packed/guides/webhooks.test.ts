import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { Webhook } from "standardwebhooks";
import { afterAll, expect, onTestFinished, vi } from "vitest";
import { installTool, toolFile } from "../../matrix/tools.ts";
import { fileIn, installFrameworks, installOnce } from "../bundles/frameworks.ts";
import { root } from "../consumer.ts";
import { commandsIn } from "./blocks.ts";
import { expectMounted, isUp, type Served, secret } from "./mounted.ts";
import {
  type Check,
  environment,
  folderOf,
  type Runnable,
  ranBy,
  shell,
  walkPage,
} from "./page.ts";

const page = "docs/webhooks.md";
const folder = folderOf(page);
const home = join(root, ".tmp/webhooks");

/** What cannot be had here, by name. */
const missing = {
  "Fastify and Koa": installOnce(home, {
    "@hono/node-server": "2.1.9",
    fastify: "5.12.8",
    koa: "3.3.0",
  }),
  Workers: installFrameworks(),
  "the edge runtime": installTool("edge-runtime"),
  Bun: installTool("bun"),
  Deno: installTool("deno"),
};
for (const [name, reason] of Object.entries(missing)) {
  if (reason !== undefined) console.warn(`${name} are not tried: ${reason}`);
}
if (missing["Fastify and Koa"] === undefined) {
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const name of ["fastify", "koa"]) {
    symlinkSync(join(home, "node_modules", name), join(folder, "node_modules", name));
  }
}

const host = (name: string): string => join(root, "test/matrix/hosts", name);
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

/** Saves a block as the file that its first line names; gives the name. */
function save({ text, line }: Runnable, change = (whole: string): string => whole): string {
  const [, name] = /^\/\/ (\S+)\n/.exec(text) ?? [];
  if (name === undefined) throw new Error(`line ${line}: the block does not say its file's name`);
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), change(text));
  return name;
}

/** Starts a program in the page's folder. */
async function serve(command: readonly string[], port: number, path = "/discue"): Promise<Served> {
  const [file = "", ...args] = command;
  const env = {
    ...environment(),
    DISCUE_SECRET: secret,
    MATRIX_PORT: `${port}`,
    MATRIX_SECRETS: JSON.stringify({ DISCUE_SECRET: secret }),
    BUN_PORT: `${port}`,
  };
  const child = spawn(file, args, { cwd: folder, env });
  children.add(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece) => {
      text += String(piece);
    });
  }
  const served = { url: `http://127.0.0.1:${port}${path}`, written: () => text };
  await isUp(served);
  return served;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return Object(address).port;
}

/** The program at a free port of this machine alone, with a route of the app's own. */
const placed = (port: number, own: string) => (text: string) =>
  text
    .replace("(8080)", `(${port}, "127.0.0.1")`)
    .replace("port: 8080", `port: ${port}, hostname: "127.0.0.1"`)
    .replace(/^(?=.*(?:listen|serve)\()/m, `${own}\n`);

/** A program of Node, and where its framework has bodies of its own, a route that is given one. */
const onNode =
  (own = "", needs?: keyof typeof missing): Check =>
  async (block) => {
    if (needs !== undefined && missing[needs] !== undefined) return;
    const port = await freePort();
    const name = save(block, placed(port, own));
    const served = await serve([process.execPath, name], port);
    await expectMounted(served);
    if (own === "") return;
    const headers = { "content-type": "application/json" };
    const orders = { method: "POST", headers, body: "[7]" };
    const answer = await fetch(served.url.replace("/discue", "/orders"), orders);
    expect(await answer.json()).toEqual({ got: [7] });
  };

/** A Lambda, called with the events of each kind. */
const onLambda =
  (...kinds: readonly string[][]): Check =>
  async (block) => {
    const name = save(block);
    for (const kind of kinds) {
      const port = await freePort();
      const command = [process.execPath, host("lambda-host.mjs"), join(folder, name), ...kind];
      await expectMounted(await serve(command, port));
    }
  };

async function bundle(entry: string, format: "esm" | "iife", more: BuildOptions = {}) {
  const outfile = join(folder, `bundle-${format}.mjs`);
  const conditions = ["workerd", "edge-light", "worker", "browser"];
  await build({
    entryPoints: [join(folder, entry)],
    outfile,
    bundle: true,
    format,
    platform: "browser",
    conditions,
    ...more,
  });
  return outfile;
}

await walkPage(page, {
  "How to mount a webhook": (block) => {
    expect(save(block)).toBe("messages.mjs");
  },
  "Did it work?": async (block) => {
    const port = await freePort();
    const text = `import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { handle } from "./messages.mjs";
createServer(getRequestListener(handle)).listen(${port}, "127.0.0.1");`;
    writeFileSync(join(folder, "curled.mjs"), text);
    const { url } = await serve([process.execPath, "curled.mjs"], port);

    for (const line of block.text.trimEnd().split("\n")) {
      const [, command = "", status] = /^(.*?)\s+# (\d+)\b/.exec(line) ?? [];
      const asked = command.replace("https://example.com/discue", url);
      const { stdout } = shell(folder, asked, { DISCUE_SECRET: secret });
      expect(stdout).toContain(`HTTP/1.1 ${status} `);
    }
    expect(commandsIn(block)).toHaveLength(3);
  },
  Node: onNode(),
  Express: onNode(
    'app.post("/orders", (request, response) => response.json({ got: request.body }));',
  ),
  Fastify: onNode(
    'app.post("/orders", async (request) => ({ got: request.body }));',
    "Fastify and Koa",
  ),
  Koa: onNode(
    `app.use(async (context) => {
  const pieces = [];
  for await (const piece of context.req) pieces.push(piece);
  context.body = { got: JSON.parse(Buffer.concat(pieces).toString()) };
});`,
    "Fastify and Koa",
  ),
  hono: onNode(
    'app.post("/orders", async (context) => context.json({ got: await context.req.json() }));',
  ),
  "Bun, Deno": async (block) => {
    const name = save(block);
    const [bun, deno] = [await freePort(), await freePort()];
    if (missing.Bun === undefined) {
      await expectMounted(await serve([toolFile("bun", "bin/bun.exe"), name], bun));
    }
    if (missing.Deno === undefined) {
      const where = ["--host", "127.0.0.1", "--port", `${deno}`, "--no-remote"];
      const command = ["serve", "--allow-env", "--node-modules-dir=manual", ...where, name];
      await expectMounted(await serve([toolFile("deno", "deno"), ...command], deno));
    }
  },
  "Cloudflare Workers": async (block) => {
    if (missing.Workers !== undefined) return;
    const file = await bundle(save(block), "esm");
    const command = [
      process.execPath,
      host("worker-host.mjs"),
      fileIn("miniflare/dist/src/index.js"),
    ];
    await expectMounted(await serve([...command, file], await freePort()));
  },
  "Next.js": ranBy("test/packed/bundles/frameworks.test.ts"),
  Vercel: async (block) => {
    if (missing["the edge runtime"] !== undefined) return;
    const name = save(block);
    const entry = `import * as route from "./${name}";
addEventListener("fetch", (event) => event.respondWith(route[event.request.method](event.request)));`;
    writeFileSync(join(folder, "edge.mjs"), entry);
    const define = { "process.env.DISCUE_SECRET": JSON.stringify(secret) };
    const file = await bundle("edge.mjs", "iife", { define });
    const command = [host("edge-host.mjs"), toolFile("edge-runtime", "dist/index.js"), file];
    await expectMounted(await serve([process.execPath, ...command], await freePort()));
  },
  "Lambda: function URL or API Gateway (HTTP API)": onLambda([]),
  "Lambda: API Gateway (REST API) or a load balancer": onLambda(["rest"], ["balancer"]),
  "A signed webhook of your own": async ({ run }) => {
    const key = `whsec_${Buffer.from("a key of 24 bytes or more").toString("base64")}`;
    vi.stubEnv("ACME_SECRET", key);
    const lines = vi.spyOn(console, "log").mockReturnValue();
    const { POST } = await run();
    const body = JSON.stringify({ type: "invoice.paid", data: { total: "12.50" } });
    const sent = async (signed: string) => {
      const now = new Date();
      const headers = {
        "svix-id": "msg-1",
        "svix-timestamp": `${Math.floor(now.getTime() / 1000)}`,
        "svix-signature": new Webhook(key).sign("msg-1", now, signed),
      };
      const request = new Request("https://shop.test/acme", { method: "POST", headers, body });
      return (await POST(request)).status;
    };

    expect(await sent(body)).toBe(200);
    expect(await sent(`${body} `)).toBe(401);
    expect(lines.mock.calls).toEqual([["12.50"]]);
  },
});
