import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { sqliteStores } from "../../../src/stores/index.ts";
import { key, letterOf } from "../../inspector/support.ts";
import { announced, start } from "../support.ts";

/** A file of state with two letters. */
async function state(): Promise<{ readonly folder: string; readonly file: string }> {
  const folder = mkdtempSync(join(tmpdir(), "ackloop-inspect-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "state.db");
  const stores = sqliteStores(file);
  for (const id of ["1", "2"]) await stores.deadLetters.put(letterOf(id, { card: "4111-1111" }));
  await stores.close();
  return { folder, file };
}

/** Asks by a name, as a page would that has got it to lead to this machine. */
function statusBy(host: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

const page = { "content-type": "application/json", "x-ackloop-page": "1" };

describe("ackloop inspect", () => {
  it("serves the page under a secret path, on 127.0.0.1 alone, until it is stopped", async () => {
    const { file } = await state();
    const running = start(["inspect", "--state", file, "--json"]);
    const { url, port } = JSON.parse(await announced(running));
    const origin = `http://127.0.0.1:${port}`;

    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(`${origin}/`)).status).toBe(404);
    expect((await fetch(`${origin}/api/places`)).status).toBe(404);
    expect(await statusBy(`localhost:${port}`, url)).toBe(200);
    expect(await statusBy("evil.example", url)).toBe(421);
    const places = await (await fetch(`${url}api/places`)).json();
    expect(places.items).toMatchObject([{ ...key, letters: 2 }]);
    running.stop();
    expect(await running.code).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it("ends though somebody looks at it", async () => {
    const { file } = await state();
    const running = start(["inspect", "--state", file, "--json"]);
    const { url } = JSON.parse(await announced(running));

    const live = await fetch(`${url}api/live`);
    running.stop();

    expect(live.headers.get("content-type")).toContain("text/event-stream");
    expect(await running.code).toBe(0);
  });

  it("masks what it was told to, and sends letters to a command", async () => {
    const { file, folder } = await state();
    const out = join(folder, "sent");
    const running = start([
      ...["inspect", "--state", file, "--json", "--redact", "iban, card"],
      ...["--exec", `cat >> ${out}`],
    ]);
    const { url } = JSON.parse(await announced(running));
    const { identity } = letterOf("1", {});
    const query = new URLSearchParams({ ...key, identity });

    const shown = await (await fetch(`${url}api/letter?${query}`)).text();
    const sent = await fetch(`${url}api/redrive`, {
      method: "POST",
      headers: page,
      body: JSON.stringify({ ...key, identity }),
    });

    expect(shown).not.toContain("4111");
    expect(await sent.json()).toEqual({ status: "done" });
    running.stop();
    await running.code;
    const stores = sqliteStores(file);
    expect((await stores.deadLetters.list(key)).letters).toHaveLength(1);
    await stores.close();
  });
});

describe("ackloop dead-letters", () => {
  it("finds letters by a text", async () => {
    const { file } = await state();
    const where = ["--state", file, "--consumer", key.consumer, "--feed", key.feed];

    const found = start(["dead-letters", "list", ...where, "--search", "4111"]);
    const none = start(["dead-letters", "list", ...where, "--search", "5500"]);

    expect([await found.code, await none.code]).toEqual([0, 0]);
    expect(found.written.out).toContain("order_created");
    expect(none.written.out).toContain("no dead letters");
  });

  it("sends a letter with another event, which the letter does not keep where that fails", async () => {
    const { file, folder } = await state();
    const where = ["--state", file, "--consumer", key.consumer, "--feed", key.feed];
    const mended = join(folder, "mended.json");
    const { event } = letterOf("1", { card: "none" });
    writeFileSync(mended, JSON.stringify(event));
    const send = (exec: string, ...more: readonly string[]) =>
      start(["dead-letters", "redrive", "1", ...where, "--exec", exec, "--event", mended, ...more]);

    const failed = send("grep 4111");
    expect(await failed.code).toBe(1);
    const done = send("grep none");
    expect(await done.code).toBe(0);

    const stores = sqliteStores(file);
    const left = (await stores.deadLetters.list(key)).letters;
    await stores.close();
    expect(left.map((each) => each.event?.id)).toEqual(["2"]);
  });

  it.each([
    ["no JSON", "{", /it is no JSON/],
    ["another's event", '{"id":"7"}', /this is no event to send/],
  ])("refuses %s as an event", async (_, text, message) => {
    const { file, folder } = await state();
    const mended = join(folder, "mended.json");
    writeFileSync(mended, text);
    const where = ["--state", file, "--consumer", key.consumer, "--feed", key.feed];

    const running = start([
      ...["dead-letters", "redrive", "1", ...where, "--exec", "true", "--event", mended],
    ]);

    expect(await running.code).toBe(1);
    expect(running.written.err).toMatch(message);
  });

  it("asks for the letter that an event is for", async () => {
    const { file } = await state();
    const where = ["--state", file, "--consumer", key.consumer, "--feed", key.feed];

    const running = start([
      ...["dead-letters", "redrive", ...where, "--exec", "true", "--event", "x.json"],
    ]);

    expect(await running.code).toBe(2);
    expect(running.written.err).toContain("--event needs the letter's id");
  });
});
