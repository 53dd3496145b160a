import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkNode } from "../../../src/cli/checks.ts";
import { providers } from "../../../src/cli/providers.ts";
import { explainUnreachable } from "../../../src/cli/reach.ts";
import { freePort } from "../../../src/cli/serve.ts";
import { AckloopError } from "../../../src/core/errors.ts";
import { sqliteStores } from "../../../src/stores/index.ts";
import { driver } from "../../stores/sqlite-drivers.ts";
import { folder, given } from "../emulated.ts";
import { start } from "../support.ts";

async function diagnose(words: string, environment: Readonly<Record<string, string>>) {
  const { code, written } = start(`doctor --json ${words}`, { environment });
  const exit = await code;
  const { checks } = JSON.parse(written.out);
  const bad = checks.filter((check: { isRight: boolean }) => !check.isRight);
  return { exit, checks, bad, written };
}

describe("ackloop doctor", () => {
  it.each(Object.keys(providers))("finds nothing wrong with %s where nothing is", async (name) => {
    const { environment, emulator } = await given(name, 2);

    const { exit, checks, bad } = await diagnose("", environment);

    expect(bad).toEqual([]);
    expect(exit).toBe(0);
    const text = JSON.stringify(checks);
    expect(text).toContain("s apart");
    expect(text).toContain("taken: ");
    if (!providers[name]?.calls) expect(text).toContain("pulls and acks go by");
    for (const { name: each, isSecret } of providers[name]?.variables ?? []) {
      if (isSecret) expect(text).not.toContain(environment[each] ?? "");
    }
    expect(emulator.journal.totals().acked).toBe(0);
  });

  it("says in words what is wrong, each with what to do, and counts it", async () => {
    const { environment } = await given("tiki", 0);
    const wrongSecret = { ...environment, TIKI_CLIENT_SECRET: "s3cret-and-wrong" };
    const { written, code } = start("doctor --state /nowhere/state.db", {
      environment: { ...wrongSecret, KEKKER_LOGIN: "me" },
    });

    expect(await code).toBe(3);
    expect(written.out).toContain("WRONG  tiki credentials: ");
    expect(written.out).toContain("do: look at the credentials");
    expect(written.out).toContain("KEKKER_BASE_URL, KEKKER_CHANNEL, KEKKER_PASSWORD not");
    expect(written.out).toContain("there is no file /nowhere/state.db\n");
    expect(written.out).toContain("do: give the one that your program's sqliteStores opens");
    expect(written.out).not.toContain("rights");
    expect(written.out).toContain("3 to mend");
    expect(written.out).not.toContain("s3cret");
    expect(written.out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("tells a clock that is wrong", async () => {
    const { environment, emulator } = await given("kekker", 0);
    emulator.faults.add({ kind: "skew", ms: 600_000 } as never);

    const { bad, exit } = await diagnose("", environment);

    expect(exit).toBe(1);
    expect(bad).toMatchObject([
      { found: expect.stringMatching(/^this machine is 60\d s behind it$/) },
    ]);
  });

  it.each([
    ["http://127.0.0.1:1", "nobody listens there", 2],
    ["http://no-such-host.invalid", "refused", 1],
  ])("tells a server that cannot be reached: %s", async (url) => {
    const environment = {
      ...{ KEKKER_BASE_URL: url, KEKKER_CHANNEL: "c" },
      ...{ KEKKER_LOGIN: "l", KEKKER_PASSWORD: "p" },
    };

    const { bad } = await diagnose("kekker", environment);

    expect(bad.length).toBeGreaterThan(0);
    expect(bad[0].todo).toEqual(expect.any(String));
  });

  it("tells a rate limit that is reached", async () => {
    const server = createServer((_, reply) =>
      reply.writeHead(429, { "x-ratelimit-limit": "60" }).end(),
    );
    onTestFinished(() => void server.close());
    const port = await freePort();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const environment = {
      ...{ KEKKER_BASE_URL: `http://127.0.0.1:${port}`, KEKKER_CHANNEL: "c" },
      ...{ KEKKER_LOGIN: "l", KEKKER_PASSWORD: "p" },
    };

    const { bad } = await diagnose("kekker", environment);

    expect(bad.map(({ about }: { about: string }) => about)).toEqual([
      `kekker 127.0.0.1:${port} rate limit`,
      "kekker credentials",
    ]);
  });

  it("looks at the state and the disk", async () => {
    const path = folder();
    const file = join(path, "state.db");
    const stores = sqliteStores(file);
    await stores.cursors.load({ consumer: "billing", feed: "orders" });
    await stores.close();
    const notes = join(path, "notes.txt");
    writeFileSync(notes, "no database at all, but some text");

    const good = await diagnose(`--state ${file}`, {});
    const bad = await diagnose(`--state ${notes}`, {});

    expect(good.checks.map(({ about }: { about: string }) => about)).toEqual([
      "node",
      "state",
      "disk",
    ]);
    expect(good.exit).toBe(0);
    expect(bad.bad).toMatchObject([{ found: `${notes} is no SQLite file, and was left as it is` }]);
  });

  it("says which tables were missing", async () => {
    const file = join(folder(), "state.db");
    const stores = sqliteStores(file);
    await stores.cursors.load({ consumer: "billing", feed: "orders" });
    await stores.close();
    const database = driver.open(file);
    database.exec("drop table ackloop_dedupe");
    database.close();

    const { bad } = await diagnose(`--state ${file}`, {});

    expect(bad).toMatchObject([
      { about: "state", found: expect.stringMatching(/empty: ackloop_dedupe$/) },
    ]);
  });

  it("says that a server was too slow", () => {
    const late = new AckloopError("timeout", "example.com reach: no answer within 10 s");

    expect(explainUnreachable(late)).toEqual([
      "no answer in time (timeout)",
      "look at firewalls and proxies",
    ]);
  });

  it("knows the versions of Node", () => {
    expect(checkNode("22.1.0").isRight).toBe(true);
    expect(checkNode("20.20.2").found).toContain("22 or newer");
    expect(checkNode("18.0.0")).toMatchObject({ isRight: false, todo: "install Node 22 or newer" });
  });

  it("tells a webhook secret that cannot be used, and not the secret", async () => {
    const { environment } = await given("discue", 0);

    const { bad, written } = await diagnose("", {
      ...environment,
      ACKLOOP_WEBHOOK_SECRET: "sh ort",
    });

    expect(bad).toMatchObject([{ about: "discue webhook secret" }]);
    expect(written.out).not.toContain("sh ort");
  });

  it("says that nothing is set", async () => {
    const { code, written } = start("doctor");

    expect(await code).toBe(0);
    expect(written.err).toContain("no provider's variables are set");
  });
});
