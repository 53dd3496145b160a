import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { Pool } from "pg";
import {
  type Emulator,
  serveEmulators,
  tikiEmulator,
  workatoEmulator,
} from "../../../src/emulator/index.ts";
import { consume, drain, type Handlers, type LoopOptions, webhook } from "../../../src/index.ts";
import { discueReceiver } from "../../../src/providers/discue/index.ts";
import { clientCredentials, type TikiEvent, tiki } from "../../../src/providers/tiki/index.ts";
import { workato } from "../../../src/providers/workato/index.ts";
import { postgresStores, type StoreSet, sqliteStores } from "../../../src/stores/index.ts";
import { createAuthority } from "../../http/certificates.ts";
import { postgresUrl } from "../../stores/servers.ts";
import { driver } from "../../stores/sqlite-drivers.ts";
import { type Fault, type Patient, quick, type Scene } from "./scene.ts";

type TikiHandlers = Handlers<TikiEvent>;

const order = { type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "A-1" } } as const;
const stranger = { type: "ORDER_EATEN", payload: { order_code: "A-2" } } as const;
const good = async (): Promise<void> => {};

/** A Tiki behind a real server, with a queue and some orders in it. */
async function openTiki(scene: Scene, orders = 3) {
  const emulator = tikiEmulator({ seed: 7 });
  const queue = emulator.createQueue("orders");
  emulator.publish(
    queue,
    Array.from({ length: orders }, () => order),
  );
  const connection = emulator.connection(await serve(scene, emulator, "tiki"));
  return { emulator, queue, connection };
}

async function serve(scene: Scene, emulator: Emulator, name: string): Promise<string> {
  const server = await serveEmulators([emulator]);
  scene.after(() => server.close());
  return `${server.origin}/${name}`;
}

type Tiki = Awaited<ReturnType<typeof openTiki>>;

/** A run that reads the queue as most would. */
function read(
  { connection, queue }: Pick<Tiki, "connection" | "queue">,
  options: LoopOptions = {},
  handlers: TikiHandlers = { ORDER_CREATED_SUCCESSFULLY: good },
): Patient {
  const { clientId, clientSecret, tokenUrl, baseUrl } = connection;
  const shop = tiki({ token: clientCredentials({ clientId, clientSecret, tokenUrl }), baseUrl });
  const run = consume(shop.feed(queue), handlers, { ...quick, ...options });
  return { run, doctor: [["tiki"], variablesOf(connection)] };
}

/** A token as a shell would get one: it is never renewed. */
async function askToken({ tokenUrl, clientId, clientSecret }: Tiki["connection"]): Promise<string> {
  const response = await fetch(tokenUrl, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const { access_token: token } = (await response.json()) as { readonly access_token: string };
  return token;
}

/** What the command line needs to reach it. */
function variablesOf({ clientId, clientSecret, tokenUrl, baseUrl }: Tiki["connection"]) {
  return {
    TIKI_CLIENT_ID: clientId,
    TIKI_CLIENT_SECRET: clientSecret,
    TIKI_TOKEN_URL: tokenUrl,
    TIKI_BASE_URL: baseUrl,
  };
}

/** The same queue behind another address. */
function at(origin: string, { connection, queue }: Tiki): Pick<Tiki, "connection" | "queue"> {
  const moved = (url: string): string => origin + new URL(url).pathname;
  const { baseUrl, tokenUrl } = connection;
  return {
    queue,
    connection: { ...connection, baseUrl: moved(baseUrl), tokenUrl: moved(tokenUrl) },
  };
}

/** A port of this machine at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createSocketServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** SQLite stores in a folder of their own; `database` is the connection they work on. */
async function openSqlite(scene: Scene) {
  const folder = mkdtempSync(`${tmpdir()}/ackloop-faults-`);
  const file = `${folder}/state.db`;
  const database = driver.open(file);
  scene.after(() => rmSync(folder, { recursive: true }));
  scene.after(() => database.close());
  const stores = sqliteStores(database);
  await stores.cursors.load({ consumer: "billing", feed: "none" });
  return { file, database, stores };
}

function openPostgres(scene: Scene, url: string): { readonly stores: StoreSet } {
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 1_000 });
  pool.on("error", () => {});
  scene.after(() => pool.end());
  return { stores: postgresStores(pool) };
}

function withDoctor(patient: Patient, ...more: readonly string[]): Patient {
  const [args = [], env] = patient.doctor ?? [];
  return { ...patient, doctor: [[...args, ...more], env] };
}

const hasPostgres =
  postgresUrl === undefined ? "no PostgreSQL: export ACKLOOP_POSTGRES_URL" : undefined;

/** Each fault of issue 17, in the order of docs/troubleshooting.md. */
export const faults: readonly Fault[] = [
  {
    name: "The credentials are wrong",
    says: ["error", /auth|credentials/],
    healthy: false,
    doctor: /credentials/,
    async make(scene) {
      const world = await openTiki(scene);
      const connection = { ...world.connection, clientSecret: "wrong-secret-of-the-app" };
      return read({ ...world, connection });
    },
  },
  {
    name: "A token has expired and no new one can be had",
    says: ["error", /401|refused/],
    healthy: false,
    async make(scene) {
      const { emulator, connection, queue } = await openTiki(scene, 1);
      const { baseUrl } = connection;
      const token = await askToken(connection);
      const shop = tiki({ token, baseUrl });
      const run = consume(shop.feed(queue), { ORDER_CREATED_SUCCESSFULLY: good }, quick);
      await until(() => emulator.waiting(queue) === 0);
      emulator.revokeTokens();
      return {
        run,
        doctor: [["tiki"], variablesOf(connection)],
      };
    },
  },
  {
    name: "The host is unknown (DNS)",
    says: ["warn", /ENOTFOUND|EAI_AGAIN/],
    healthy: false,
    doctor: /ENOTFOUND|EAI_AGAIN/,
    make: async (scene) => read(at("https://no-such-host.invalid", await openTiki(scene))),
  },
  {
    name: "The connection is refused",
    says: ["warn", /ECONNREFUSED/],
    healthy: false,
    doctor: /ECONNREFUSED/,
    make: async (scene) =>
      read(at(`http://127.0.0.1:${await closedPort()}`, await openTiki(scene))),
  },
  {
    name: "The certificate is not trusted",
    says: ["error", /certificate of .* is not trusted/],
    healthy: false,
    doctor: /certificate/,
    async make(scene) {
      const { server: certified } = createAuthority();
      const server = createServer(certified).listen(0, "127.0.0.1");
      await once(server, "listening");
      scene.after(() => server.close());
      const { port } = server.address() as AddressInfo;
      return read(at(`https://127.0.0.1:${port}`, await openTiki(scene)));
    },
  },
  {
    name: "The provider answers 500 for minutes",
    says: ["warn", /500/],
    healthy: false,
    doctor: /500/,
    async make(scene) {
      const world = await openTiki(scene);
      world.emulator.faults.add({ kind: "status", status: 500, operation: "pull" });
      return read(world);
    },
  },
  {
    name: "The disk is full",
    says: ["warn", /disk is full/],
    healthy: false,
    async make(scene) {
      const world = await openTiki(scene, 0);
      // Stores that are given a database in memory use its own connection, which can be made to be full.
      const database = driver.open(":memory:");
      scene.after(() => database.close());
      const stores = sqliteStores(database);
      await stores.cursors.load({ consumer: "billing", feed: "none" });
      const [{ page_count: pages }] = database.prepare("pragma page_count").all() as [
        { page_count: number },
      ];
      database.exec(`pragma max_page_count = ${pages}`);
      const large = { order_code: "A-3", note: ".".repeat(100_000) };
      world.emulator.publish(world.queue, [{ ...order, payload: large }]);
      const failing = async (): Promise<never> => {
        throw new Error("no such customer");
      };
      const { deadLetters } = stores;
      return read(
        world,
        { deadLetters, circuitBreaker: false },
        { ORDER_CREATED_SUCCESSFULLY: failing },
      );
    },
  },
  {
    name: "The database is away",
    says: ["warn", /database cannot be reached/],
    healthy: false,
    doctor: /database cannot be reached/,
    async make(scene) {
      const url = `postgres://ackloop:secret@127.0.0.1:${await closedPort()}/postgres`;
      const { stores } = openPostgres(scene, url);
      const patient = read(await openTiki(scene), { dedupe: { store: stores.dedupe } });
      return withDatabase(patient, url);
    },
  },
  {
    name: "The database's password is wrong",
    says: ["warn", /password/],
    healthy: false,
    doctor: /password/,
    missing: hasPostgres,
    async make(scene) {
      const url = new URL(postgresUrl ?? "");
      url.password = "not-the-password";
      const { stores } = openPostgres(scene, url.href);
      const patient = read(await openTiki(scene), { dedupe: { store: stores.dedupe } });
      return withDatabase(patient, url.href);
    },
  },
  {
    name: "The tables are missing",
    says: ["error", /table/],
    healthy: false,
    doctor: /missing/,
    async make(scene) {
      const world = await openTiki(scene, 1);
      const { file, database, stores } = await openSqlite(scene);
      const patient = read(world, { dedupe: { store: stores.dedupe } });
      await until(() => world.emulator.waiting(world.queue) === 0);
      const tables = database
        .prepare("select name from sqlite_master where type = 'table' and name like '%dedupe%'")
        .all() as { readonly name: string }[];
      for (const { name } of tables) database.exec(`drop table ${name}`);
      world.emulator.publish(world.queue, [order]);
      return withDoctor(patient, "--state", file);
    },
  },
  {
    name: "An event that no handler takes, without a dead-letter store",
    says: ["error", /ORDER_EATEN/],
    healthy: false,
    async make(scene) {
      const world = await openTiki(scene, 1);
      world.emulator.publish(world.queue, [stranger]);
      return read(world);
    },
  },
  {
    name: "An event that always fails, with a dead-letter store",
    says: ["warn", /dead.letter/],
    healthy: true,
    async make(scene) {
      const world = await openTiki(scene, 1);
      const { stores } = await openSqlite(scene);
      const failing = async (): Promise<never> => {
        throw new Error("no such customer");
      };
      const { deadLetters } = stores;
      return read(world, { deadLetters }, { ORDER_CREATED_SUCCESSFULLY: failing });
    },
  },
  {
    name: "A handler hangs",
    says: ["warn", /handler/],
    healthy: false,
    async make(scene) {
      const world = await openTiki(scene, 1);
      const hanging = (): Promise<void> => new Promise(() => {});
      const options = { stalledAfterMs: 300, handlerTimeoutMs: 100 };
      return read(world, options, { ORDER_CREATED_SUCCESSFULLY: hanging });
    },
  },
  {
    name: "This machine's clock is wrong",
    healthy: true,
    doctor: /clock/,
    async make(scene) {
      const world = await openTiki(scene, 1);
      world.emulator.faults.add({ kind: "skew", ms: 3_600_000 });
      return read(world);
    },
  },
  {
    name: "A Workato cursor has expired",
    says: ["error", /cursorExpired|older than/],
    healthy: false,
    async make(scene) {
      let shiftMs = 0;
      const clock = { now: () => Date.now() + shiftMs };
      const emulator = workatoEmulator({ seed: 7, clock });
      const topic = emulator.createTopic("orders");
      const origin = await serve(scene, emulator, "workato");
      const { stores } = await openSqlite(scene);
      const { token, baseUrl } = emulator.connection(origin);
      const feed = workato({ token, baseUrl }).feed(topic, {
        cursor: stores.cursors,
        consumer: "billing",
      });
      emulator.publish(topic, [{ order: "A-1" }, { order: "A-2" }]);
      await drain(feed, good, { logger: false, limit: 1 });
      shiftMs = 8 * 86_400_000;
      emulator.publish(topic, [{ order: "A-3" }]);
      // Doctor would find fault with the clock alone, which is a week ahead here.
      return { run: consume(feed, good, quick) };
    },
  },
  {
    name: "A dead process holds the lease",
    healthy: true,
    async make(scene) {
      const world = await openTiki(scene, 1);
      const { stores } = await openSqlite(scene);
      const key = { consumer: "billing", feed: `tiki/queues/${world.queue}` };
      await stores.leases.acquire(key, "host-1/4711", 60_000);
      return read(world, { lease: { store: stores.leases } });
    },
  },
  {
    name: "The webhook's secret is wrong",
    says: ["warn", /401/],
    make: () =>
      call(new Request("http://127.0.0.1/?secret=not-the-one-of-this-receiver", post("{}"))),
  },
  {
    name: "The webhook's body is too large",
    says: ["warn", /413/],
    make: () =>
      call(new Request(`http://127.0.0.1/?secret=${secret}`, post(`"${"a".repeat(70_000)}"`))),
  },
  {
    name: "The handlers' own database is away",
    says: ["warn", /outage/],
    healthy: false,
    async make(scene) {
      const world = await openTiki(scene, 30);
      const { stores } = await openSqlite(scene);
      const away = async (): Promise<never> => {
        throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
      };
      const options = { deadLetters: stores.deadLetters, concurrency: 10 };
      return read(world, options, { ORDER_CREATED_SUCCESSFULLY: away });
    },
  },
];

const secret = "the-secret-of-this-receiver";

const post = (body: string): RequestInit => ({ method: "POST", body });

async function call(request: Request): Promise<Patient> {
  const receiver = discueReceiver({ secret, maxBodyBytes: 65_536 });
  await webhook(receiver, good)(request);
  return {};
}

function withDatabase({ run, doctor }: Patient, url: string): Patient {
  return { run, doctor: [doctor?.[0] ?? [], { ...doctor?.[1], ACKLOOP_DATABASE_URL: url }] };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
