import { describe, expect, it, onTestFinished, vi } from "vitest";
import { readEmulateOptions } from "../../src/cli/emulate.ts";
import { run } from "../../src/cli/run.ts";
import { serveEmulators } from "../../src/emulator/index.ts";
import { emulators } from "../../src/emulator/registry.ts";

const providers = Object.keys(emulators);

/** Runs the command line and collects what it writes; `stop` asks it to end. */
function start(args: readonly string[]) {
  const written = { out: "", err: "" };
  const stopping = new AbortController();
  const code = run(args, {
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    signal: stopping.signal,
    version: "1.2.3",
  });
  onTestFinished(async () => {
    stopping.abort();
    await code.catch(() => undefined);
  });
  return { written, code, stop: () => stopping.abort() };
}

/** Waits for the announcement. */
const announced = ({ written }: ReturnType<typeof start>) =>
  vi.waitFor(() => expect(written.out).toContain("\n"), 60_000);

describe("the command line", () => {
  it.each([["--help"], ["-h"], ["emulate --help"], ["emulate --port x -h"]])(
    "prints its help for %s",
    async (line) => {
      const { code, written } = start(line.split(" "));

      expect(await code).toBe(0);
      expect(written.out).toContain("ackloop emulate [options]");
      for (const name of providers) expect(written.out).toContain(name);
      expect(written.err).toBe("");
    },
  );

  it("prints its version", async () => {
    const { code, written } = start(["--version"]);

    expect(await code).toBe(0);
    expect(written.out).toBe("1.2.3\n");
  });

  it.each([
    ["", "say what to do"],
    ["simulate", 'there is no "simulate"'],
    ["emulate --prot 1", "Unknown option '--prot'"],
    ["emulate now", "Unexpected argument 'now'"],
    ["emulate --port", "'--port <value>' argument missing"],
    ["emulate --port 70000", '--port must be a whole number from 0 to 65535, not "70000"'],
    ["emulate --port 1e3", "--port must be"],
    ["emulate --seed 0.5", "--seed must be"],
    ["emulate --provider tiki,sqs", `--provider knows ${providers.join(", ")}, not "sqs"`],
    ["emulate --provider toString", "--provider knows"],
    ["emulate --json=yes", "does not take an argument"],
  ])("says what is wrong with `%s`, and exits with 2", async (line, message) => {
    const { code, written } = start(line.split(" ").filter(Boolean));

    expect(await code).toBe(2);
    expect(written.err).toContain(message);
    expect(written.err).toContain("Try `ackloop --help`.");
    expect(written.out).toBe("");
  });

  it("lets a bug through as it is", async () => {
    const out = () => {
      throw new RangeError("a bug");
    };
    const { signal } = new AbortController();

    const code = run(["--help"], { out, err: out, signal, version: "1" });

    await expect(code).rejects.toThrow(new RangeError("a bug"));
  });

  it("says that a port is taken, and exits with 1", async () => {
    const server = await serveEmulators([]);
    onTestFinished(() => server.close());

    const { code, written } = start(["emulate", "--port", String(server.port)]);

    expect(await code).toBe(1);
    expect(written.err).toBe(
      "ackloop: the port cannot be had (EADDRINUSE); choose another, or --port 0\n",
    );
  });
});

describe("ackloop emulate", () => {
  it("serves all emulators until it is stopped, and tells a person where", async () => {
    const running = start(["emulate"]);
    await announced(running);
    const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(running.written.out)?.[0] ?? "";

    const health = await (await fetch(`${origin}/_emulator/health`)).json();
    running.stop();

    expect(await running.code).toBe(0);
    const names = health.emulators.map(({ name }: { name: string }) => name);
    const [{ seed }] = health.emulators;
    expect(names).toEqual(providers);
    expect(running.written.out).toContain(`(seed ${seed}, rate limits as documented)`);
    expect(running.written.out).toContain("emulator-in-house-secret");
    await expect(fetch(`${origin}/_emulator/health`)).rejects.toThrow("fetch failed");
  });

  it("prints one line of JSON for machines, with the emulators and the seed asked for", async () => {
    const running = start(["emulate", "--json", "--provider", "tiki, tiki", "--seed=-7"]);
    await announced(running);

    const announcement = JSON.parse(running.written.out);

    expect(running.written.out.trimEnd()).not.toContain("\n");
    expect(announcement).toMatchObject({
      origin: `http://127.0.0.1:${announcement.port}`,
      admin: `http://127.0.0.1:${announcement.port}/_emulator`,
      seed: -7,
      limits: true,
    });
    expect(Object.keys(announcement.providers)).toEqual(["tiki"]);
    expect(announcement.providers.tiki.baseUrl).toBe(`${announcement.origin}/tiki/integration/v1`);
  });

  it("takes another seed each time where none is asked for", () => {
    vi.useFakeTimers({ now: 5_000_000 });
    const first = readEmulateOptions([]).seed;
    vi.setSystemTime(5_000_001);
    const second = readEmulateOptions([]).seed;
    vi.useRealTimers();

    expect(second).not.toBe(first);
    expect(readEmulateOptions(["--seed", "3"]).seed).toBe(3);
  });

  it("switches the rate limits off when it is told to", async () => {
    const running = start(["emulate", "--json", "--no-limits", "--provider", "workato"]);
    await announced(running);
    const { limits, origin, providers } = JSON.parse(running.written.out);
    const headers = { authorization: `Bearer ${providers.workato.token}` };
    const url = `${origin}/workato/api/event_streams/topics`;

    const statuses: number[] = [];
    for (let index = 0; index < 70; index += 1) {
      const reply = await fetch(url, { headers });
      await reply.text();
      statuses.push(reply.status);
    }

    expect(limits).toBe(false);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it("says in text that the limits are off", async () => {
    const running = start(["emulate", "--no-limits", "--provider", "tiki"]);
    await announced(running);

    expect(running.written.out).toContain("rate limits off");
  });

  it("ends at once when the signal has fired before", async () => {
    const running = start(["emulate", "--provider", "kekker"]);
    running.stop();

    expect(await running.code).toBe(0);
  });
});
