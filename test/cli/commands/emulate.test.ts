import { describe, expect, it, vi } from "vitest";
import { providerNames } from "../../../src/cli/providers.ts";
import { serveEmulators } from "../../../src/emulator/index.ts";
import { drain } from "../../../src/index.ts";
import { kekker } from "../../../src/providers/kekker/index.ts";
import { announced, start } from "../support.ts";

describe("ackloop emulate", () => {
  it.each([
    ["--prot 1", "unknown option '--prot'; did you mean --port?"],
    ["now", "too many arguments for 'emulate'"],
    ["--port", "option '--port <number>' argument missing"],
    ["--port 70000", '--port must be a whole number from 0 to 65535, not "70000"'],
    ["--port 1e3", "--port must be"],
    ["--seed 0.5", "--seed must be"],
    ["--journal 0", "--journal must be a whole number from 1"],
    ["--provider tiki,sqs", `--provider knows ${providerNames.join(", ")}, not "sqs"`],
    ["--provider toString", "--provider knows"],
    ["--provider workatoo", 'did you mean "workato"?'],
  ])("says what is wrong with `%s`, and exits with 2", async (line, message) => {
    const { code, written } = start(`emulate ${line}`);

    expect(await code).toBe(2);
    expect(written.err).toContain(message);
    expect(written.out).toBe("");
  });

  it("says that a port is taken, and exits with 1", async () => {
    await using server = await serveEmulators([]);

    const { code, written } = start(["emulate", "--port", String(server.port)]);

    expect(await code).toBe(1);
    expect(written.err).toBe(
      "ackloop: the port cannot be had (EADDRINUSE); choose another, or --port 0\n",
    );
  });

  it("serves all emulators until it is stopped, and tells a person where", async () => {
    const running = start(["emulate"]);
    await announced(running);
    const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(running.written.out)?.[0] ?? "";

    const health = await (await fetch(`${origin}/_emulator/health`)).json();
    running.stop();

    expect(await running.code).toBe(0);
    const names = health.emulators.map(({ name }: { name: string }) => name);
    const [{ seed }] = health.emulators;
    expect(names).toEqual(providerNames);
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

  it("takes another seed each time where none is asked for", async () => {
    const first = start(["emulate", "--json"]);
    const { seed } = JSON.parse(await announced(first));
    await vi.waitFor(() => expect(Date.now() % 2 ** 31).not.toBe(seed));
    const second = start(["emulate", "--json"]);

    expect(JSON.parse(await announced(second)).seed).not.toBe(seed);
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

  it("keeps the last entries of each journal, and tells who fell behind", async () => {
    const line = "emulate --json --no-limits --provider kekker --publish 5000 --journal 300";
    const running = start(line);
    await announced(running);
    const { admin, providers } = JSON.parse(running.written.out);
    const { baseUrl, login, password } = providers.kekker;
    const client = kekker({ baseUrl, channel: providers.kekker.channel, login, password });

    let handled = 0;
    await drain(client.feed(), () => {
      handled += 1;
    });
    const root = `${admin}/kekker`;
    const { totals } = await (await fetch(`${root}/totals`)).json();
    const page = await (await fetch(`${root}/journal?limit=10000`)).json();

    expect(handled).toBe(5_000);
    expect(totals).toMatchObject({ published: 5_000, acked: 5_000 });
    expect(page.entries).toHaveLength(300);
    expect(page.missed).toBe(page.entries[0].seq - 1);
    expect(page.missed).toBeGreaterThan(14_700);
  });

  it("keeps 100,000 entries where nothing else is said", async () => {
    const running = start("emulate --json --provider kekker --publish 100000");
    const { admin } = JSON.parse(await announced(running));
    const publish = await fetch(`${admin}/kekker/publish`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ events: [{ category: "Deals", event: "DealCreated" }] }),
    });

    const { entries, missed } = await (await fetch(`${admin}/kekker/journal?limit=1`)).json();

    expect(publish.status).toBe(200);
    expect([entries[0].seq, missed]).toEqual([2, 1]);
  });

  it("masks in its page, and not in the API", async () => {
    const running = start([
      "emulate",
      "--json",
      "--provider",
      "tiki",
      "--publish",
      "1",
      "--redact",
      "x, order_code",
    ]);
    const { origin } = JSON.parse(await announced(running));

    const events = await (await fetch(`${origin}/api/events`)).text();

    expect(events).toContain("[masked]");
    expect(events).not.toContain("ORDER-1");
  });

  it("ends at once when the signal has fired before", async () => {
    const running = start(["emulate", "--provider", "kekker"]);
    running.stop();

    expect(await running.code).toBe(0);
  });
});
