import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { checkCommand, Executor } from "../../../src/cli/execute.ts";
import { sqliteStores } from "../../../src/stores/index.ts";
import { folder, given } from "../emulated.ts";
import { start } from "../support.ts";

const linesIn = (file: string) => readFileSync(file, "utf8").split("\n").filter(Boolean);

describe("ackloop drain", () => {
  it.each(["tiki", "kekker", "workato"])(
    "gives each event of %s to the command, and acknowledges what ended with 0",
    async (name) => {
      const { words, environment, emulator } = await given(name, 3);
      const file = join(folder(), "events");

      const { code, written } = start(["drain", ...words, "--exec", `cat >> ${file}`], {
        environment,
      });

      expect(await code).toBe(0);
      expect(written.out).toBe("3 handled\n");
      const events = linesIn(file).map((line) => JSON.parse(line));
      expect(events).toHaveLength(3);
      expect(events[0]).toMatchObject({ specversion: "1.0", data: expect.anything() });
      // Workato keeps no place: there is nothing that an emulator could be told.
      if (name !== "workato") expect(emulator.journal.totals().acked).toBe(3);
    },
  );

  it("goes on where it was, with --state", async () => {
    const { words, environment, publish } = await given("workato", 2);
    const path = folder();
    const line = ["drain", ...words, "--state", join(path, "state.db"), "--json", "--exec", "true"];

    const first = start(line, { environment });
    expect(await first.code).toBe(0);
    await publish(3);
    const second = start(line, { environment });

    expect(await second.code).toBe(0);
    expect(JSON.parse(first.written.out)).toMatchObject({ handled: 2 });
    expect(JSON.parse(second.written.out)).toMatchObject({ handled: 1 });
  });

  it("tries again, and puts what cannot be done into the dead letters of --state", async () => {
    const { words, environment, emulator } = await given("kekker", 2);
    const path = folder();
    const state = join(path, "state.db");
    const script = `if grep -q '"localObjectId":"\\?1"\\?'; then echo no good; exit 3; fi`;
    const options = ["--state", state, "--consumer", "me", "--attempts", "2", "--json"];

    const { code, written } = start(["drain", ...words, "--exec", script, ...options], {
      environment,
    });

    expect(await code).toBe(0);
    expect(JSON.parse(written.out)).toMatchObject({ handled: 1, deadLettered: 1, retried: 1 });
    expect(written.err).toContain("no good");
    expect(written.err).toContain("attempt 1: the command ended with 3: no good; again in");
    expect(emulator.journal.totals().acked).toBe(2);
    const stores = sqliteStores(state);
    const feed = JSON.parse(written.out).feed;
    const { letters } = await stores.deadLetters.list({ consumer: "me", feed });
    await stores.close();
    expect(letters).toMatchObject([
      { attempts: 2, reason: expect.stringContaining("ended with 3") },
    ]);
  });

  it("ends with 1 without dead letters, and the event stays", async () => {
    const { words, environment, emulator } = await given("kekker", 1);

    const { code, written } = start(["drain", ...words, "--exec", "exit 3", "--attempts", "1"], {
      environment,
    });

    expect(await code).toBe(1);
    expect(written.err).toMatch(/^ackloop: .*ended with 3/m);
    expect(written.err).not.toContain("    at ");
    expect(emulator.journal.totals().acked).toBe(0);
  });

  it("runs nothing where the command is mistyped", async () => {
    const { words, environment, emulator } = await given("kekker", 1);
    const options = ["--attempts", "1", "--state", join(folder(), "state.db")];

    const { code, written } = start(["drain", ...words, "--exec", "./nothere.sh", ...options], {
      environment,
    });

    expect(await code).toBe(2);
    expect(written.err).toContain("the shell finds no command ./nothere.sh");
    expect(emulator.journal.totals().acked).toBe(0);
  });

  it.each([
    "f () { true; }; f",
    "A=1 true",
    "(true)",
    "if true; then true; fi",
    "true",
    "true|cat",
  ])("lets the shell read what is no plain name: %s", async (line) => {
    await expect(checkCommand(line)).resolves.toBeUndefined();
  });

  it("hands over events whose names no variable can hold", async () => {
    const path = folder();
    const executor = new Executor(`cat > ${path}/seen; echo "[$ACKLOOP_EVENT_ID]"`, {
      note: (text) => notes.push(text),
    });
    const notes: string[] = [];

    for (const id of ["a\u0000b", "x".repeat(300_000)]) {
      const event = { id, type: "t", source: "s", specversion: "1.0" as const, data: {} };
      await executor.run(event, new AbortController().signal);

      expect(JSON.parse(readFileSync(`${path}/seen`, "utf8"))).toMatchObject({ id });
    }

    expect(notes).toEqual(["[]", "[]"]);
  });

  it("ends a command that does not heed --timeout", async () => {
    const { words, environment } = await given("kekker", 1);
    const options = ["--attempts", "1", "--timeout", "1"];

    const { code, written } = start(
      ["drain", ...words, "--exec", "trap '' TERM; sleep 60", ...options],
      { environment },
    );

    expect(await code).toBe(1);
    expect(written.err).toContain("SIGKILL");
  }, 30_000);

  it("says that the provider fails, and what was not acknowledged", async () => {
    const { words, environment, emulator } = await given("kekker", 1);
    const path = folder();
    const script = `cat >> ${path}/started; sleep 1`;

    const running = start(["drain", ...words, "--exec", script], { environment });
    await vi.waitFor(() => linesIn(`${path}/started`), 60_000);
    emulator.faults.add({ kind: "status", status: 503, count: 1000 });
    await vi.waitFor(() => expect(running.written.err).toMatch(/acknowledging failed/), 60_000);
    running.stop();

    expect(await running.code).toBe(1);
    expect(running.written.out).toContain("1 handled, 1 not acknowledged, which come again");
  }, 60_000);

  it("lets the command finish when it is asked to end", async () => {
    const { words, environment, emulator } = await given("kekker", 2);
    const path = folder();
    const script = `echo . >> ${path}/started; sleep 1; echo . >> ${path}/done`;

    const running = start(["drain", ...words, "--exec", script], { environment });
    await vi.waitFor(() => linesIn(`${path}/started`), 60_000);
    running.stop();

    expect(await running.code).toBe(0);
    expect(linesIn(`${path}/done`)).toHaveLength(1);
    expect(running.written.out).toContain("1 handled");
    expect(running.written.out).toContain("stopped");
    expect(emulator.journal.totals().acked).toBe(1);
  });

  it("answers a provider that calls by what the command ended with", async () => {
    const { words, environment, emulator, place, publish } = await given("discue", 0);
    const path = folder();
    writeFileSync(join(path, "no"), "");
    const script = `cat >> ${path}/seen; if test -e ${path}/no; then exit 1; fi`;

    const running = start(["drain", ...words, "--exec", script, "--attempts", "1"], {
      environment,
    });
    const url = await vi.waitFor(() => {
      const [found] = /http:\/\/127\S+/.exec(running.written.err) ?? [];
      if (!found) throw new Error("not yet");
      return found;
    }, 60_000);
    await emulator.admin["createListener"]?.({ queue: place, notifyUrl: url });
    await publish(1);
    await vi.waitFor(() => expect(linesIn(`${path}/seen`).length).toBeGreaterThan(1), 60_000);
    const before = emulator.journal.totals().acked;
    rmSync(join(path, "no"));
    await vi.waitFor(() => expect(emulator.journal.totals().acked).toBe(1), 60_000);
    running.stop();

    expect(await running.code).toBe(0);
    expect(before).toBe(0);
    expect(running.written.out).toBe("1 handled\n");
  });

  it("wants a command", async () => {
    const { code, written } = start("drain kekker");

    expect(await code).toBe(2);
    expect(written.err).toContain("give --exec: a command of the shell");
  });
});

describe("ackloop publish", () => {
  it.each(["discue", "workato"])("publishes at %s, and gives the id", async (name) => {
    const { words, environment, emulator } = await given(name, 0);

    const { code, written } = start(["publish", ...words, "--data", '{"order":7}'], {
      environment,
    });

    expect(await code).toBe(0);
    expect(written.out).toMatch(/^\S+\n$/);
    expect(emulator.journal.totals().published).toBe(1);
  });

  it("says what no provider takes", async () => {
    const tiki = await given("tiki", 0);
    const workato = await given("workato", 0);
    const line = ["publish", ...workato.words, "--data"];

    const none = start(["publish", ...tiki.words, "--data", "{}"], {
      environment: tiki.environment,
    });
    const list = start([...line, "[]"], { environment: workato.environment });
    const text = start([...line, "order 7"], { environment: workato.environment });

    expect(await Promise.all([none.code, list.code, text.code])).toEqual([2, 1, 1]);
    expect(none.written.err).toContain("Tiki publishes nothing for others");
    expect(list.written.err).toContain("Workato takes an object");
    expect(text.written.err).toContain("event 1 is no JSON");
  });
});
