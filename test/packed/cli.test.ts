import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { providers } from "../../src/cli/providers.ts";
import { environmentOf } from "../cli/emulated.ts";

const folder = inject("consumerFolder");
const cli = join(folder, "node_modules/.bin/ackloop");
const scratch = mkdtempSync(join(tmpdir(), "ackloop-cli-"));
const names = Object.keys(providers);

/** What an emulator announced. */
interface Announcement {
  readonly origin: string;
  readonly admin: string;
  readonly providers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly published: Readonly<
    Record<string, { readonly program: string; readonly place: string }>
  >;
}

/** Runs the installed command line to its end. */
async function run(line: string, environment: Readonly<Record<string, string>> = {}) {
  const child = start(line, environment);
  const written = { out: "", err: "" };
  child.stdout?.on("data", (piece) => {
    written.out += piece;
  });
  child.stderr?.on("data", (piece) => {
    written.err += piece;
  });
  const [code] = await once(child, "close");
  return { code, ...written };
}

function start(line: string, environment: Readonly<Record<string, string>> = {}): ChildProcess {
  const { PATH = "", HOME = "" } = process.env;
  return spawn(cli, line.split(" ").filter(Boolean), {
    cwd: folder,
    env: { PATH, HOME, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What a child has written by its first line. */
async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const piece of child.stdout ?? []) {
    text += String(piece);
    if (text.includes("\n")) break;
  }
  return text;
}

let emulators: ChildProcess;
let told: Announcement;
beforeAll(async () => {
  emulators = start("emulate --json --publish 3 --no-limits");
  told = JSON.parse(await firstLine(emulators)) as Announcement;
});
afterAll(async () => {
  emulators.kill("SIGINT");
  await once(emulators, "close");
  rmSync(scratch, { recursive: true });
});

const environmentFor = (name: string) =>
  environmentOf(providers[name] as never, told.providers[name] ?? {});

describe("bad input to the command line that is installed", () => {
  const secret = "s3cret-of-somebody";
  const text = join(scratch, "notes.txt");
  writeFileSync(text, "these are my notes, and no database at all");

  /** Each ends with one sentence that says what to do, and no stack. */
  const cases: readonly (readonly [string, () => string, number, RegExp, (() => object)?])[] = [
    ["no command", () => "", 2, /say what to do/],
    [
      "a misspelt command",
      () => "tial tiki",
      2,
      /there is no command "tial"; did you mean "tail"\?/,
    ],
    ["a misspelt provider", () => "tail tikki", 2, /did you mean "tiki"\?/],
    ["a misspelt option", () => "tail tiki --onec", 2, /did you mean --once\?/],
    [
      "a secret",
      () => `tail tiki --client-secret ${secret}`,
      2,
      /--client-secret is no option: secrets/,
    ],
    ["a password in an address", () => `doctor --database postgres://me:${secret}@h/d`, 1, /state/],
    [
      "no credentials",
      () => "tail tiki orders",
      1,
      /Tiki needs TIKI_CLIENT_ID and TIKI_CLIENT_SECRET: set them/,
    ],
    [
      "wrong credentials",
      () => "tail tiki orders",
      1,
      /credentials were refused \(401\)/,
      () => ({ ...environmentFor("tiki"), TIKI_CLIENT_SECRET: secret }),
    ],
    [
      "a misspelt queue",
      () => "tail tiki order",
      1,
      /Tiki has no queue "order"; did you mean "orders"\?/,
      () => environmentFor("tiki"),
    ],
    [
      "a queue that is not named",
      () => "tail discue",
      2,
      /say which queue \(its id or name\); there are orders/,
      () => environmentFor("discue"),
    ],
    [
      "no network",
      () => "tail kekker",
      1,
      /kekker.*(127\.0\.0\.1|reach|connect|ECONNREFUSED)/,
      () => ({ ...environmentFor("kekker"), KEKKER_BASE_URL: "http://127.0.0.1:1" }),
    ],
    [
      "an address that is none",
      () => "tail kekker",
      1,
      /baseUrl/,
      () => ({ ...environmentFor("kekker"), KEKKER_BASE_URL: secret }),
    ],
    [
      "a state that is no database",
      () => `drain kekker --exec true --state ${text}`,
      1,
      /notes\.txt is no SQLite file, and was left as it is/,
      () => environmentFor("kekker"),
    ],
  ];

  const named = cases.map(([name, line, code, sentence, environment]) => ({
    ...{ name, line, code, sentence },
    environment: environment ?? (() => ({})),
  }));

  it.each(named)("$name", async ({ line, code, sentence, environment }) => {
    const ended = await run(line(), environment() as never);

    expect(ended.out + ended.err).toMatch(sentence);
    expect(ended.code).toBe(code);
    expect(ended.err).not.toMatch(/^\s+at /m);
    expect(ended.out + ended.err).not.toContain(secret);
    expect(ended.err.trim().split("\n").length).toBeLessThanOrEqual(2);
  });

  it("an --env-file that is not there, which Node 20 looks at itself, and ends with 9", async () => {
    const { code, err } = await run("tail tiki --env-file /nowhere");

    expect([1, 9]).toContain(code);
    expect(err).toMatch(/(cannot be read|not found)/);
    expect(err.trim()).not.toContain("\n");
  });

  it("shows the stack with --debug, without the secret", async () => {
    const environment = { ...environmentFor("tiki"), TIKI_CLIENT_SECRET: secret };

    const { code, err } = await run("tail tiki orders --debug", environment as never);

    expect(code).toBe(1);
    expect(err).toMatch(/^\s+at /m);
    expect(err).not.toContain(secret);
  });
});

describe("the program that `emulate --publish` prints", () => {
  /** What each of the printed events has. */
  const done = /ORDER-\d|DealCreated/g;

  it.each(names)("has five lines at most, and runs as it is: %s", async (name) => {
    const { program = "" } = told.published[name] ?? {};
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, `${program}\n`);

    const child = spawn(process.execPath, [file], { cwd: folder });
    let out = "";
    for await (const piece of child.stdout) {
      out += String(piece);
      if ((out.match(done)?.length ?? 0) >= 3) break;
    }
    child.kill();

    expect(program.split("\n").length).toBeLessThanOrEqual(5);
    expect(out.match(done)?.length).toBeGreaterThanOrEqual(3);
  });
});

describe("the command line that is installed", () => {
  it("ends in order on one Ctrl+C, and at once on the second", async () => {
    const environment = environmentFor("kekker") as Readonly<Record<string, string>>;
    const once_ = start("tail kekker --json", environment);
    await firstLine(once_);
    once_.kill("SIGINT");
    const first = await once(once_, "close");
    const stuck = start("drain kekker --exec", environment);
    await once(stuck, "close");
    const { PATH = "", HOME = "" } = process.env;
    const busy = spawn(cli, ["drain", "kekker", "--exec", "echo begun >&2; sleep 60"], {
      cwd: folder,
      env: { PATH, HOME, ...environment },
    });
    await once(busy.stderr, "data");
    busy.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const isRunning = busy.exitCode === null && busy.signalCode === null;
    busy.kill("SIGINT");
    const second = await once(busy, "close");

    expect(first).toEqual([0, null]);
    expect(isRunning).toBe(true);
    expect(second[0] === null ? second[1] : second[0]).not.toBe(0);
  });

  it("is ended by a pipe that closes, with what it writes next", async () => {
    const { PATH = "", HOME = "" } = process.env;
    const place = told.published["workato"]?.place;
    const environment = environmentFor("workato");
    const child = spawn("sh", ["-c", `${cli} tail workato ${place} --json | head -1`], {
      cwd: folder,
      env: { PATH, HOME, ...environment },
    });
    const ended = once(child, "close");

    while (child.exitCode === null) {
      const { code } = await run(`publish workato ${place} --data {"order":7}`, environment);
      expect(code).toBe(0);
    }
    const [code] = await ended;

    expect(code).toBe(0);
  });

  it("starts quickly: its help loads no part of the library", async () => {
    const hooks =
      "export function load(url, context, next) { process._rawDebug('loaded ' + url); return next(url, context); }";
    const register = `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
    const child = spawn(
      process.execPath,
      [
        ...["--no-warnings", "--import", `data:text/javascript,${encodeURIComponent(register)}`],
        ...[join(folder, "node_modules/ackloop/dist/cli.js"), "--help"],
      ],
      { cwd: folder },
    );
    let err = "";
    child.stderr.on("data", (piece) => {
      err += piece;
    });
    await once(child, "close");

    const files = err.match(/loaded file:\S+/g)?.map((each) => each.replace(/.*\//, ""));
    expect(files).toEqual(["cli.js"]);
  });
});
