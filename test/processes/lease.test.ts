import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sleep } from "../../src/core/sleep.ts";
import { buildScripts, type Child, isLong, type Scripts, until } from "./children.ts";
import { type Place, places } from "./places.ts";
import { openProvider, type ProviderSide, type Seen } from "./provider-side.ts";
import type { ConsumerTask } from "./task.ts";

const leaseMs = 2500;
/** What a busy machine may add to a takeover, in ms, beside the spread of those who wait. */
const slackMs = 4000;

let scripts: Scripts;
beforeAll(async () => {
  scripts = await buildScripts();
});
afterAll(async () => await scripts.close());

/** Several consumers with a lease on one queue. */
class Team {
  readonly side: ProviderSide;
  readonly place: Place;
  readonly children: Child[] = [];
  readonly #facts: Partial<ConsumerTask>;
  #publishing: ReturnType<typeof setInterval> | undefined;

  constructor(side: ProviderSide, place: Place, facts: Partial<ConsumerTask>) {
    this.side = side;
    this.place = place;
    this.#facts = facts;
  }

  static async open(
    provider: string,
    open: () => Promise<Place>,
    facts: Partial<ConsumerTask> = {},
  ): Promise<Team> {
    return new Team(await openProvider(provider), await open(), facts);
  }

  async start(...names: string[]): Promise<void> {
    const { name: provider, connection, queue } = this.side;
    const { place, records } = this.place;
    for (const name of names) {
      const where = { provider, connection, queue, place, record: records.file, leaseMs };
      this.children.push(scripts.start("consumer", { name, ...where, ...this.#facts }));
    }
    await this.until(
      () => names.every((name) => records.of("ready", name).length > 0),
      "all are ready",
    );
  }

  /** Waits; in vain, the error says what the processes have told last. */
  async until(isTrue: () => boolean, what: string): Promise<void> {
    const told = () =>
      this.place.records.lines.filter(({ kind }) => !/^(?:sav|hand|star)/.test(kind));
    await until(isTrue, what).catch((error: Error) => {
      throw new Error(
        `${error.message}\n${told()
          .slice(-8)
          .map((line) => JSON.stringify(line))
          .join("\n")}`,
      );
    });
  }

  /** Lets events come, some every few ms. */
  publishOn(): void {
    this.#publishing ??= setInterval(() => this.side.publish(5), 50);
  }

  publishNoMore(): void {
    clearInterval(this.#publishing);
  }

  /** Who has the lease: the one who got it last. */
  holder(): Child {
    const by = this.place.records.of("leaseAcquired").at(-1)?.by;
    const child = this.children.find(({ name }) => name === by);
    if (!child) throw new Error("nobody has the lease");
    return child;
  }

  /** Waits for the next holder, and gives how long after `since`, in epoch ms, it got the lease. */
  async nextHolder(grants: number, since: number): Promise<number> {
    const { records } = this.place;
    await this.until(() => records.of("leaseAcquired").length > grants, "a takeover");
    return (records.of("leaseAcquired").at(-1)?.at ?? 0) - since;
  }

  async allHandled(): Promise<void> {
    this.publishNoMore();
    const published = this.side.emulator.journal.publishedIds();
    await this.until(() => {
      const handled = this.place.records.handledAt();
      return published.every((id) => handled.has(id));
    }, "every event is handled");
  }

  async close(): Promise<void> {
    this.publishNoMore();
    for (const child of this.children) if (!child.hasEnded) await child.end("SIGKILL");
    await this.side.close();
    await this.place.close();
  }
}

/** Pairs of requests of different consumers that were under way at one time. */
function overlaps(seen: readonly Seen[]): readonly (readonly [Seen, Seen])[] {
  return seen.slice(1).flatMap((request, index) => {
    const before = seen.slice(0, index + 1).filter(({ by }) => by !== request.by);
    const open = before.filter(({ endedAt = Infinity }) => endedAt > request.startedAt);
    return open.map((each) => [each, request] as const);
  });
}

/** Three processes become two and one; from two it is the same with fewer. */
const teams = (["tiki", "workato"] as const).flatMap((provider) =>
  (isLong ? [2, 3] : [3]).map((count) => ({ provider, count })),
);

describe.each(places)("consumers with a lease, kept in %s", (_, open, isThere) => {
  const test = it.skipIf(!isThere).concurrent;

  test.each(teams)(
    "$provider: of $count processes one pulls at a time, and another takes over from a killed one",
    { timeout: 60_000 },
    async ({ provider, count }) => {
      const team = await Team.open(provider, open, { handlerMs: 5 });
      const { records } = team.place;
      await team.start(...Array.from({ length: count }, (__, index) => `consumer-${index}`));
      await team.until(() => records.of("leaseAcquired").length === 1, "a holder");
      team.publishOn();
      const took: number[] = [];
      for (let grants = 1; grants < count; grants += 1) {
        const { name } = team.holder();
        await team.until(() => records.of("handled", name).length > 50, `${name} works`);
        const killedAt = Date.now();
        await team.holder().end("SIGKILL");
        took.push(await team.nextHolder(grants, killedAt));
      }
      const last = team.holder().name;
      await team.until(() => records.of("handled", last).length > 20, "the last one works");
      await team.allHandled();

      const { seen } = team.side;
      expect(new Set(seen.map(({ by }) => by)).size).toBe(count);
      expect(overlaps(seen)).toEqual([]);
      for (const ms of took) expect(ms).toBeLessThan(leaseMs + 250 + slackMs);
      if (isLong) console.log(JSON.stringify({ provider, count, takeoverMs: took }));
      await team.close();
    },
  );

  test.each(["tiki", "workato"] as const)(
    "%s: a process that was paused in a handler starts no ack, no save and no pull on waking",
    { timeout: 60_000 },
    async (provider) => {
      // Long handlers, one at a time: while one works, nothing is on its way.
      const options = { concurrency: 1, waitMs: 100, maxInFlight: 2 };
      const team = await Team.open(provider, open, { handlerMs: 400, options });
      const { records } = team.place;
      await team.start("first", "second");
      await team.until(() => records.of("leaseAcquired").length === 1, "a holder");
      const paused = team.holder();
      team.side.publish(4);
      // The second start: a pull that goes on beside the first handler has been answered by then.
      await team.until(() => records.of("started", paused.name).length === 2, "a second start");
      await sleep(150);
      paused.send("SIGSTOP");
      await team.nextHolder(1, Date.now());
      await team.until(() => records.of("handled", team.holder().name).length > 0, "it works");

      const wokenAt = Date.now();
      const requests = team.side.seen.length;
      const handled = records.of("handled", paused.name).length;
      paused.send("SIGCONT");
      const code = await paused.ended();

      expect(team.side.seen.slice(requests).filter(({ by }) => by === paused.name)).toEqual([]);
      for (const kind of ["saving", "started"]) {
        expect(records.of(kind, paused.name).filter(({ at }) => at >= wokenAt)).toEqual([]);
      }
      // Its handler had begun before and may say that it is done; that counts for nothing.
      expect(records.of("handled", paused.name).length - handled).toBeLessThanOrEqual(1);
      expect(records.of("failed", paused.name)).toMatchObject([{ code: "leaseLost" }]);
      expect({ code, errors: paused.errors }).toEqual({ code: 1, errors: "" });
      await team.allHandled();
      await team.close();
    },
  );

  test("a process that was paused in a long poll starts no handler with what the poll brings", {
    timeout: 60_000,
  }, async () => {
    const team = await Team.open("workato", open, { options: { waitMs: 30_000 } });
    const { records } = team.place;
    await team.start("first", "second");
    await team.until(() => records.of("leaseAcquired").length === 1, "a holder");
    const paused = team.holder();
    const isPolling = () => team.side.seen.some(({ endedAt }) => endedAt === undefined);
    await team.until(isPolling, "a long poll");
    paused.send("SIGSTOP");
    // The answer waits in the socket of a process that does not read it.
    team.side.publish(5);
    await team.nextHolder(1, Date.now());
    await team.allHandled();

    const requests = team.side.seen.length;
    paused.send("SIGCONT");
    await paused.ended();

    expect(records.ids("started", paused.name)).toEqual([]);
    expect(team.side.seen.slice(requests).filter(({ by }) => by === paused.name)).toEqual([]);
    expect(records.of("failed", paused.name)).toMatchObject([{ code: "leaseLost" }]);
    await team.close();
  });
});
