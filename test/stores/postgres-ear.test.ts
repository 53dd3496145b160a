import { EventEmitter, once } from "node:events";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, describe, expect, it, vi } from "vitest";
import { toPage } from "../../src/core/feed.ts";
import { sleep } from "../../src/core/sleep.ts";
import { inboxFeed, type PostgresDatabase, postgresStores } from "../../src/stores/index.ts";
import { freshPrefix } from "./servers.ts";

const minuteMs = 60_000;
const opened = PGlite.create();
afterAll(async () => (await opened).close());

/** A pool as pg's is, whose clients listen by PGlite. */
class ListeningPool extends EventEmitter {
  totalCount = 0;
  readonly options: { readonly max: number };
  readonly released: boolean[] = [];
  clients: EventEmitter[] = [];
  listens = true;
  readonly #database: PGlite;

  constructor(database: PGlite, max: number) {
    super();
    this.#database = database;
    this.options = { max };
  }

  query(text: string, params?: unknown[]) {
    return this.#database.query(text, params);
  }

  async connect() {
    this.totalCount += 1;
    const client = new EventEmitter();
    this.clients.push(client);
    let unlisten: (() => Promise<void>) | undefined;
    const query = async (text: string): Promise<void> => {
      if (!this.listens) throw new Error("permission denied");
      const [, verb, channel = ""] = /^(listen|unlisten) (\S+)$/.exec(text) ?? [];
      const tell = (payload: string) => client.emit("notification", { payload });
      if (verb === "listen") unlisten = await this.#database.listen(channel, tell);
      else await unlisten?.();
    };
    const release = (isBroken: boolean): void => {
      this.totalCount -= 1;
      this.released.push(isBroken);
      this.emit("released");
    };
    return Object.assign(client, { query, release });
  }
}

/** A store set in tables of its own, and an inbox of it. */
async function inboxOn(database: PostgresDatabase) {
  const stores = postgresStores(database, { prefix: freshPrefix() });
  await stores.migrate();
  const feed = inboxFeed(stores.inbox, "in", { pollMs: minuteMs });
  const event = { specversion: "1.0", id: "a", source: "s", type: "t", data: 1 } as const;
  return {
    add: () => stores.inbox.add("in", [{ event, raw: 1 }]),
    pull: async (signal?: AbortSignal) => {
      return toPage(await feed.pull({ waitMs: minuteMs, signal })).deliveries;
    },
  };
}

describe("a pull that waits on PostgreSQL", () => {
  it("hears of what another store set adds, by PGlite's own way to listen", async () => {
    const pglite = await opened;
    const listen = vi.spyOn(pglite, "listen");
    const { add, pull } = await inboxOn(pglite);
    const pulling = pull();
    await vi.waitFor(() => expect(listen).toHaveBeenCalledTimes(1));

    await add();

    expect(await pulling).toHaveLength(1);
    listen.mockRestore();
  });

  it("listens on a client of a pool, and gives it back when its caller leaves", async () => {
    const pool = new ListeningPool(await opened, 4);
    const { pull } = await inboxOn(pool);
    const caller = new AbortController();
    const pulling = pull(caller.signal);
    await vi.waitFor(() => expect(pool.totalCount).toBe(1));
    await sleep(50);

    caller.abort(new Error("stop"));

    await expect(pulling).rejects.toThrow("stop");
    await vi.waitFor(() => expect(pool.released).toEqual([false]));
  });

  it("gives a client back as broken whose connection ends, and hears again by another", async () => {
    const pool = new ListeningPool(await opened, 4);
    const { add, pull } = await inboxOn(pool);
    const pulling = pull();
    await vi.waitFor(() => expect(pool.clients[0]?.listenerCount("notification")).toBe(1));
    await sleep(50);
    const released = once(pool, "released");

    pool.clients[0]?.emit("end");
    await released;
    await add();

    expect(await pulling).toHaveLength(1);
    expect(pool.released[0]).toBe(true);
  });

  it("gives a client back that may not listen", async () => {
    const pool = new ListeningPool(await opened, 4);
    pool.listens = false;
    const { add, pull } = await inboxOn(pool);
    const pulling = pull();
    await vi.waitFor(() => expect(pool.released).toHaveLength(1));

    await add();

    expect(await pulling).toHaveLength(1);
    expect(pool.totalCount).toBe(0);
  });

  it("takes no client of a pool of one", async () => {
    const pool = new ListeningPool(await opened, 1);
    const { add, pull } = await inboxOn(pool);
    const pulling = pull();
    await sleep(100);
    expect(pool.clients).toEqual([]);

    await add();

    expect(await pulling).toHaveLength(1);
  });
});
