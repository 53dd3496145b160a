import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { buildScripts, type Child, isLong, type Scripts, until } from "./children.ts";
import { type Place, places } from "./places.ts";
import { freePort } from "./provider-side.ts";
import { webhookSecret } from "./task.ts";

const count = isLong ? 10_000 : 1000;
const senders = 40;

let scripts: Scripts;
beforeAll(async () => {
  scripts = await buildScripts();
});
afterAll(async () => await scripts.close());

/** The processes around one inbox. */
class Office {
  readonly place: Place;
  readonly port: number;
  readonly workers: Child[] = [];
  receiver: Child | undefined;
  kills = 0;
  #started = 0;

  constructor(place: Place, port: number) {
    this.place = place;
    this.port = port;
  }

  start(role: "receiver" | "worker"): Child {
    this.#started += 1;
    const { place, records } = this.place;
    const name = `${role}-${this.#started}`;
    const task = { name, role, place, record: records.file, port: this.port };
    return scripts.start("inbox-process", task);
  }

  async open(): Promise<void> {
    this.receiver = this.start("receiver");
    this.workers.push(this.start("worker"), this.start("worker"));
    await until(() => this.place.records.of("ready").length === 3, "all are ready");
  }

  /** Kills one worker of two, and starts another. */
  async killWorker(): Promise<void> {
    this.kills += 1;
    await this.workers.shift()?.end("SIGKILL");
    this.workers.push(this.start("worker"));
  }

  /** Kills the receiver, and starts another. */
  async killReceiver(): Promise<void> {
    await this.receiver?.end("SIGKILL");
    this.receiver = this.start("receiver");
  }

  /** Ends all, and gives what they complained of. */
  async close(): Promise<readonly string[]> {
    const all = [...this.workers, ...(this.receiver ? [this.receiver] : [])];
    await until(
      () => all.every(({ name }) => this.place.records.of("ready", name).length > 0),
      "all can be told to end",
    );
    await Promise.all(all.map((child) => child.end("SIGTERM")));
    return all.map(({ errors }) => errors).filter(Boolean);
  }
}

/** Sends one event as discue would, again and again until it is answered 2xx; gives how often. */
async function send(port: number, id: string): Promise<number> {
  const url = `http://127.0.0.1:${port}/?secret=${webhookSecret}`;
  const body = JSON.stringify({ message: { id, name: id, data: JSON.stringify({ id }) } });
  const headers = { "content-type": "application/json" };
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(url, { method: "POST", headers, body }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return tries;
    if (answer && answer.status !== 503) throw new Error(`answered ${answer.status}`);
    await sleep(50 + Math.random() * 50);
  }
}

describe.each(places)("an inbox in %s", (_, open, isThere) => {
  it.skipIf(!isThere).concurrent(
    `handles every one of ${count} requests that were answered 2xx, while its processes are killed`,
    { timeout: isLong ? 900_000 : 60_000 },
    async () => {
      const place = await open();
      const office = new Office(place, await freePort());
      await office.open();
      const ids = Array.from({ length: count }, (__, index) => `event ${index}`);
      const waiting = [...ids];
      const answered: string[] = [];
      let resent = 0;
      const sender = async (): Promise<void> => {
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
          resent += (await send(office.port, id)) - 1;
          answered.push(id);
        }
      };
      const sending = Promise.all(Array.from({ length: senders }, sender));

      for (const step of [1, 2, 3, 4, 5, 6]) {
        await until(() => answered.length >= (step * count) / 8, "requests", 600_000);
        await sleep(Math.random() * 50);
        await (step === 3 ? office.killReceiver() : office.killWorker());
      }
      await sending;
      const handled = () => new Set(place.records.ids("handled"));
      await until(() => handled().size === count, "every event is handled", 120_000);
      const errors = await office.close();

      const repeats = place.records.of("handled").length - count;
      expect(answered.filter((id) => !handled().has(id))).toEqual([]);
      expect(answered).toHaveLength(count);
      expect(errors).toEqual([]);
      expect(place.records.of("failed")).toEqual([]);
      // A killed worker leaves what it has handled and not settled: at most what it held.
      expect(repeats).toBeLessThanOrEqual(office.kills * 50);
      if (isLong) console.log(JSON.stringify({ count, kills: office.kills, resent, repeats }));
      await place.close();
    },
  );
});
