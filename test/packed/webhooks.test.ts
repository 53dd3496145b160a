import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it, onTestFinished } from "vitest";
import { installOnce, quiet } from "./bundles/frameworks.ts";
import { root } from "./consumer.ts";

const home = join(root, ".tmp/webhooks");
const reason = installOnce(home, { "@hono/node-server": "2.1.9", fastify: "5.12.8", koa: "3.3.0" });
if (reason !== undefined) console.warn(`Fastify and Koa are not tried: ${reason}`);

const secret = "a-secret-of-the-test";
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

/** The lines of the guide under a heading. */
function linesOf(heading: string): string {
  const [, lines = ""] = textOf("docs/webhooks.md").split(`## ${heading}\n`);
  return /```js\n(.*?)```/s.exec(lines)?.[1] ?? "";
}

const ownBody = `app.post("/orders", async (request) => ({ got: request.body }));`;
const listen = `await app.listen({ port: 0, host: "127.0.0.1" });
console.log(app.server.address().port);`;

const programs: readonly (readonly [string, string])[] = [
  ["Fastify, by its example", `import { app } from "./fastify.js";\n${listen}`],
  [
    "Fastify, by the lines of the guide",
    `import fastify from "fastify";
import { handle } from "./messages.js";
const app = fastify();
${linesOf("Fastify")}
${ownBody}
${listen}`,
  ],
  [
    "Koa, by the lines of the guide",
    `import Koa from "koa";
import { handle } from "./messages.js";
const app = new Koa();
${linesOf("Koa")}
app.use(async (context) => {
  const pieces = [];
  for await (const piece of context.req) pieces.push(piece);
  context.body = { got: JSON.parse(Buffer.concat(pieces).toString()) };
});
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));`,
  ],
];

/** Starts a program beside the installed packages and the tarball; gives its address and what it prints. */
async function start(main: string) {
  const folder = mkdtempSync(join(home, "app-"));
  cpSync(join(inject("consumerFolder"), "node_modules"), join(folder, "node_modules"), {
    recursive: true,
  });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(join(folder, "messages.js"), textOf("examples/webhooks/messages.ts"));
  const example = textOf("examples/webhooks/fastify.js").replace("messages.ts", "messages.js");
  writeFileSync(join(folder, "fastify.js"), example);
  writeFileSync(join(folder, "main.js"), main);
  const env = { ...quiet, DISCUE_SECRET: secret };
  const child = spawn(process.execPath, ["main.js"], { cwd: folder, env });
  onTestFinished(() => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  let text = "";
  let errors = "";
  child.stderr.on("data", (piece) => {
    errors += String(piece);
  });
  child.stdout.on("data", (piece) => {
    text += String(piece);
  });
  const lines = () => text.trim().split("\n");
  await expect
    .poll(() => (child.exitCode === null ? text : errors), { timeout: 60_000 })
    .toContain("\n");
  expect(errors).toBe("");
  return { address: `http://127.0.0.1:${lines()[0]}`, printed: () => lines().slice(1) };
}

it.skipIf(reason !== undefined).each(programs)("a webhook is mounted in %s", async (_, main) => {
  const { address, printed } = await start(main);
  const headers = { "content-type": "application/json" };
  const post = (path: string, body: string, more = headers) =>
    fetch(`${address}${path}`, { method: "POST", headers: more, body });
  const message = (id: string) =>
    JSON.stringify({ message: { id, name: "", data: '{"order":7}' } });
  const text = { "content-type": "text/plain" };

  expect((await post(`/discue?secret=${secret}`, message("m-1"))).status).toBe(200);
  expect((await post(`/discue?secret=${secret}`, message("m-2"), text)).status).toBe(200);
  expect((await post("/discue?secret=another-secret-of-no-use", message("m-3"))).status).toBe(401);
  expect((await fetch(`${address}/discue`)).status).toBe(200);
  expect((await fetch(`${address}/discue`, { method: "HEAD" })).status).toBe(200);
  expect(await (await post("/orders", "[7]")).json()).toEqual({ got: [7] });
  await expect.poll(printed).toEqual(Array(2).fill('a message: {"order":7}'));
});
