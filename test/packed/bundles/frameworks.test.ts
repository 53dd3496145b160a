import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, inject, it } from "vitest";
import { root } from "../consumer.ts";
import { blocksOf } from "../guides/blocks.ts";
import { expectMounted, secret } from "../guides/mounted.ts";
import { createProject, fileIn, installFrameworks, quiet } from "./frameworks.ts";
import { withGiven } from "./given.ts";
import { mainOf, type Program, programs } from "./programs.ts";

const reason = installFrameworks();
if (reason !== undefined) console.warn(`Next and wrangler are not tried: ${reason}`);

const consumer = inject("consumerFolder");
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function projectOf(name: string): string {
  const folder = createProject(name, consumer);
  folders.push(folder);
  return folder;
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const pathOf = ({ name }: Program): string => name.replace(/\W+/g, "-");

/** Runs a framework's command in a folder; what it wrote is in the error when it fails. */
async function runIn(folder: string, file: string, ...args: readonly string[]): Promise<string> {
  const options = { cwd: folder, env: quiet, timeout: 280_000 };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, ...args], options);
  return stdout + stderr;
}

/** A port of loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** What each program answers, over HTTP or by a call. */
async function answers(
  some: readonly Program[],
  ask: (path: string) => Promise<unknown>,
): Promise<unknown> {
  return withGiven(async (given) => {
    const query = `?given=${encodeURIComponent(JSON.stringify({ ...given, file: ":memory:" }))}`;
    const told: [string, unknown][] = [];
    for (const program of some) told.push([program.name, await ask(`/${pathOf(program)}${query}`)]);
    return Object.fromEntries(told);
  });
}

const printsOf = (some: readonly Program[]) =>
  Object.fromEntries(some.map(({ name, prints }) => [name, prints]));

const forWeb = programs.filter(({ needsNode }) => needsNode === undefined);

/** The beginnings of the names of the programs that run on the edge. */
const onEdge = ["kekker", "memoryStores", "a loop", "an emulator"];

/** Writes an app with a page for browsers, and a route for each program, by both forms, one on the edge. */
function writeNextApp(folder: string): void {
  const turbopack = `{ root: ${JSON.stringify(dirname(folder))} }`;
  write(folder, "next.config.mjs", `export default { turbopack: ${turbopack} };`);
  const layout = "export default ({ children }) => <html><body>{children}</body></html>;";
  write(folder, "app/layout.js", layout);
  const [memory] = forWeb;
  const page = `"use client";\n${memory ? mainOf(memory, "import") : ""}
export default function Page() { return <button onClick={() => main({})}>it</button>; }`;
  write(folder, "app/page.js", page);
  for (const [index, program] of forWeb.entries()) {
    const runtime = onEdge.some((name) => program.name.startsWith(name))
      ? 'export const runtime = "edge";'
      : "";
    const route = `${mainOf(program, index % 2 === 0 ? "import" : "require")}
export const dynamic = "force-dynamic";
${runtime}
export async function GET(request) {
  return Response.json(await main(JSON.parse(new URL(request.url).searchParams.get("given"))));
}`;
    write(folder, `app/${pathOf(program)}/route.js`, route);
  }
}

/** Writes the webhook and its route as the guide has them. */
function writeWebhook(folder: string): void {
  const blocks = blocksOf(readFileSync(join(root, "docs/webhooks.md"), "utf8"));
  for (const heading of ["How to mount a webhook", "Next.js"]) {
    const text = blocks.find((block) => block.heading === heading)?.text ?? "";
    write(folder, /^\/\/ (\S+)\n/.exec(text)?.[1] ?? "", text);
  }
}

const toAnswer = (response: Response): Promise<unknown> =>
  response.ok ? response.json() : response.text();

describe.skipIf(reason !== undefined)("next build", () => {
  it("makes routes of Node and of the edge, and a page, that do what the programs do", async () => {
    const folder = projectOf("next");
    writeNextApp(folder);
    writeWebhook(folder);
    const next = fileIn("next/dist/bin/next");

    const told = await runIn(folder, next, "build");
    expect(told).not.toMatch(/warn|not supported/i);
    const port = await freePort();
    const args = [next, "start", "--hostname", "127.0.0.1", "--port", String(port)];
    const env = { ...quiet, DISCUE_SECRET: secret };
    const server = spawn(process.execPath, args, { cwd: folder, env, stdio: "pipe" });
    let text = "";
    const written = () => text;
    try {
      server.stdout.on("data", (piece) => {
        text += String(piece);
      });
      await expect.poll(written, { timeout: 60_000 }).toContain("Ready");
      const origin = `http://127.0.0.1:${port}`;
      const answered = await answers(forWeb, async (path) => toAnswer(await fetch(origin + path)));

      expect(answered).toEqual(printsOf(forWeb));
      await expectMounted({ url: `${origin}/api/discue`, written });
    } finally {
      server.kill("SIGKILL");
    }
  }, 300_000);
});

interface Worker {
  dispatchFetch(url: string): Promise<Response>;
  dispose(): Promise<void>;
}

describe.skipIf(reason !== undefined)("wrangler deploy --dry-run", () => {
  it.each(["import", "require"] as const)(
    "makes a worker, by %s, that does in workerd what the programs do",
    async (form) => {
      const folder = projectOf("worker");
      for (const program of forWeb) {
        const ending = form === "import" ? "export { main };" : "module.exports = { main };";
        const file = `src/${pathOf(program)}.${form === "import" ? "mjs" : "cjs"}`;
        write(folder, file, `${mainOf(program, form)}${ending}`);
      }
      const paths = forWeb.map(pathOf);
      const imports = paths.map((path, index) => {
        const file = `./${path}.${form === "import" ? "mjs" : "cjs"}`;
        return `import { main as m${index} } from "${file}";`;
      });
      const mains = paths.map((path, index) => `"/${path}": m${index}`);
      const worker = `${imports.join("\n")}
const mains = { ${mains} };
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const told = await mains[pathname](JSON.parse(searchParams.get("given")));
    return Response.json(told);
  },
};`;
      write(folder, "src/worker.mjs", worker);
      const config = { name: "worker", main: "src/worker.mjs", compatibility_date: "2026-01-01" };
      write(folder, "wrangler.json", JSON.stringify(config));

      const wrangler = fileIn("wrangler/bin/wrangler.js");
      const written = await runIn(folder, wrangler, "deploy", "--dry-run", "--outdir", "out");
      expect(written).not.toMatch(/warn/i);
      const { Miniflare } = await import(pathToFileURL(fileIn("miniflare/dist/src/index.js")).href);
      const miniflare: Worker = new Miniflare({
        modules: true,
        scriptPath: join(folder, "out/worker.js"),
        compatibilityDate: config.compatibility_date,
      });
      try {
        const told = await answers(forWeb, async (path) =>
          toAnswer(await miniflare.dispatchFetch(`http://worker.test${path}`)),
        );

        expect(told).toEqual(printsOf(forWeb));
      } finally {
        await miniflare.dispose();
      }
    },
    120_000,
  );
});
