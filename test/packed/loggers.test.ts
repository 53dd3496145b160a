import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, describe, expect, inject, it } from "vitest";
import { root, runIn } from "./consumer.ts";

/** What people log with; installed by this test, as the frameworks are by theirs. */
const dependencies = {
  "@logtape/logtape": "2.4.2",
  "@types/bunyan": "1.8.11",
  bunyan: "2.0.5",
  pino: "10.4.0",
  winston: "3.19.0",
};

const home = join(root, ".tmp/loggers");

/** Installs them once for this checkout; gives why they cannot be tried, where that is so. */
function install(): string | undefined {
  const manifest = join(home, "package.json");
  const wanted = JSON.stringify({ name: "user", private: true, type: "module", dependencies });
  const isThere = existsSync(join(home, "done")) && readFileSync(manifest, "utf8") === wanted;
  if (!isThere) {
    mkdirSync(home, { recursive: true });
    writeFileSync(manifest, wanted);
    const line = ["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund"];
    const { status, stderr } = spawnSync("npm", line, { cwd: home, encoding: "utf8" });
    if (status !== 0) return `the loggers cannot be installed here: ${stderr.slice(0, 200)}`;
    writeFileSync(join(home, "done"), "");
  }
  return undefined;
}

const reason = install();
if (reason !== undefined) console.warn(`No logger is tried: ${reason}`);

/** A project beside the loggers, with the packed tarball and what it depends on. */
const folder = mkdtempSync(join(home, "project-"));
cpSync(join(inject("consumerFolder"), "node_modules"), join(folder, "node_modules"), {
  recursive: true,
});
writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How each is given to a run, as its users write it: `written` gets what it has written. */
const loggers: Readonly<Record<string, string>> = {
  pino: `import pino from "pino";
    import { objectFirst } from "ackloop";
    const own = pino({ level: "debug" }, { write: (line: string) => void written.push(JSON.parse(line)) });
    export const logger = objectFirst(own);`,
  bunyan: `import bunyan from "bunyan";
    import { Writable } from "node:stream";
    import { objectFirst } from "ackloop";
    const stream = new Writable({
      write: (line, _encoding, end) => (written.push(JSON.parse(String(line))), end()),
    });
    export const logger = objectFirst(bunyan.createLogger({ name: "shop", level: "debug", stream }));`,
  winston: `import winston from "winston";
    import { Writable } from "node:stream";
    const stream = new Writable({
      write: (line, _encoding, end) => (written.push(JSON.parse(String(line))), end()),
    });
    export const logger = winston.createLogger({
      level: "debug",
      transports: [new winston.transports.Stream({ stream })],
    });`,
  "winston with splat": `import winston from "winston";
    import { Writable } from "node:stream";
    const stream = new Writable({
      write: (line, _encoding, end) => (written.push(JSON.parse(String(line))), end()),
    });
    const { combine, splat, json } = winston.format;
    export const logger = winston.createLogger({
      level: "debug",
      format: combine(splat(), json()),
      transports: [new winston.transports.Stream({ stream })],
    });`,
  logtape: `import { configure, getLogger } from "@logtape/logtape";
    await configure({
      sinks: {
        kept: ({ level, message, properties }) =>
          void written.push({ level, msg: message.join(""), ...properties }),
      },
      loggers: [
        { category: "shop", lowestLevel: "debug", sinks: ["kept"] },
        { category: ["logtape", "meta"], sinks: [] },
      ],
    });
    export const logger = getLogger("shop");`,
  console: `import { format } from "node:util";
    for (const level of ["debug", "info", "warn", "error"] as const)
      console[level] = (...line: unknown[]) => {
        const { at: _at, ...facts } = { at: 0, ...(line[1] as object) };
        written.push({ level, msg: format(...line), ...facts });
      };
    export const logger = console;`,
};

/** A run in which a line of each level is written, with an error and a text that is hard to write. */
const program = `
  import { consume } from "ackloop";
  import { memoryFeed, testEvent } from "ackloop/testing";
  import { memoryStores } from "ackloop/stores";
  const feed = memoryFeed({ name: "orders" });
  feed.publish(testEvent("e1"));
  const { deadLetters } = memoryStores();
  const cause = new RangeError("deep");
  const run = consume(
    feed,
    () => {
      throw Object.assign(new Error('no {stock} of "100%d"', { cause }), { code: "E_STOCK" });
    },
    { consumer: "billing", deadLetters, logger, retry: { attempts: 2, minDelayMs: 1 }, circuitBreaker: false },
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  await run.stop();
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.stdout.write(JSON.stringify(written));
`;

/** How its lines begin. */
const begins = [
  "started; 1 at once",
  "event e1 (test), attempt 1, failed: Error: no",
  "event e1 (test) is a dead letter now",
  "stopping, within 25 s",
  "stopped (signal) after",
];

const strict = [
  "--strict",
  "--exactOptionalPropertyTypes",
  "--noEmit",
  "--skipLibCheck",
  "--ignoreConfig",
];
const resolved = ["--module", "nodenext", "--target", "es2023", "--types", "node"];

describe.skipIf(reason !== undefined)("a run writes to", () => {
  it.each(Object.entries(loggers))(
    "%s, which takes it by its types and loses nothing",
    (name, code) => {
      const file = join(folder, `${name.replace(/\W+/g, "-")}.ts`);
      const imports = [...code.matchAll(/^ *import .*$/gm)].map(([line]) => line.trim());
      const rest = code.replace(/^ *import .*$/gm, "").replace("export ", "");
      const head = [...imports, "const written: object[] = [];"].join("\n");
      writeFileSync(file, `${head}\n${rest}\n${program}`);
      const typescript = createRequire(import.meta.url).resolve("typescript/lib/tsc.js");

      runIn(
        folder,
        process.execPath,
        typescript,
        ...strict,
        ...resolved,
        "--typeRoots",
        join(root, "node_modules/@types"),
        file,
      );
      const hooks = join(root, "scripts/typescript.mjs");
      const written = JSON.parse(runIn(folder, process.execPath, "--import", hooks, file));

      const texts = written.map((line: Record<string, unknown>) => line["msg"] ?? line["message"]);
      expect(texts).toHaveLength(begins.length);
      for (const [at, text] of begins.entries())
        expect(texts[at]).toContain(`ackloop: orders (billing): ${text}`);
      expect(texts[1]).toContain('no (stock) of "100% d"');
      expect(written[1]).toMatchObject({
        feed: "orders",
        consumer: "billing",
        id: "e1",
        type: "test",
        attempt: 1,
        delayMs: expect.any(Number),
        error: {
          name: "Error",
          code: "E_STOCK",
          message: 'Error: no {stock} of "100%d"',
          stack: expect.stringContaining(".ts:"),
          cause: { name: "RangeError", message: "RangeError: deep" },
        },
      });
      expect(written[2]).toMatchObject({
        id: "e1",
        attempts: 2,
        reason: expect.stringContaining("100%d"),
      });
      expect(written[4]).toMatchObject({ deadLettered: 1, handled: 0 });
    },
  );
});
