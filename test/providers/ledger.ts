/**
 * A ledger of what a vendor's documents say: one row for each fact, one test for each row.
 *
 * A row holds facts of the document as data, and names where they stand: a change of the vendor's is one
 * red row. The emulator is the real one behind HTTP, the client the real one.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import type { Emulator } from "../../src/emulator/definition.ts";
import { serveEmulators } from "../../src/emulator/server.ts";

/** A request as a document shows it. */
export interface WireRequest {
  readonly method: string;
  /** With `{name}` for what the vendor's connection or the row's `given` fills in: `{baseUrl}/queues`. */
  readonly url: string;
  /** Beside the provider's own of every request; in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON; absent for none. Texts may have `{name}` too. */
  readonly body?: unknown;
}

/** What a plain request was answered. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; `undefined` where it is no JSON. */
  readonly body: unknown;
}

/** Values for the `{name}`s of a row. */
export type Names = Readonly<Record<string, string>>;

/** What a row's functions get: an emulator behind HTTP and a client of it, made for the row alone. */
export interface World<Made extends Emulator, Client> {
  readonly emulator: Made;
  readonly client: Client;
  /** The base URLs and credentials. */
  readonly connection: Names;
  /** What the client has sent, oldest first. */
  readonly sent: readonly WireRequest[];
  /** Sends a request by plain `fetch`, as the document has it, with the provider's own headers. */
  send(request: WireRequest, names?: Names): Promise<WireAnswer>;
}

/** What a row tells of itself. */
interface RowFacts<Options> {
  /** The id: `T-012`. */
  readonly fact: string;
  /** The document and its section. */
  readonly source: string;
  /** The fact, in words of our own. */
  readonly says: string;
  /** Options of the row's emulator. */
  readonly emulator?: Options | undefined;
}

/** A documented request: the emulator takes it, and the client, where it has the call, sends it. */
interface RequestRow<In, Client> {
  readonly request: WireRequest;
  /** Makes what the request is about, and gives the values of its `{name}`s. */
  readonly given?: ((world: In) => Names | Promise<Names>) | undefined;
  /** @default 200 */
  readonly status?: number | undefined;
  /** What the answer's JSON must match. */
  readonly answers?: unknown;
  /** The client's call that must send this very request. */
  readonly call?: ((client: Client, names: Names) => Promise<unknown>) | undefined;
}

/** A documented reply: the client reads it, and no field is lost. */
interface ReplyRow<Client> {
  /** JSON, or text that is sent as it is. */
  readonly reply: unknown;
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly read: (client: Client) => Promise<unknown>;
  /** What it is read as. */
  readonly gives: unknown;
  /** Values of the reply that the client gives in another form: `{ "1604388548418": "2020-11-…" }`. */
  readonly turned?: Readonly<Record<string, string>> | undefined;
  /** How many requests a spoilt reply may lead to, such as for a next page. @default 1 */
  readonly mostRequests?: number | undefined;
  /** Members that the client leaves out on purpose, as an assumption says; at any depth. */
  readonly unread?: readonly string[] | undefined;
}

/** A limit: one request at it, one past it. */
interface LimitRow<In> {
  readonly at: (world: In) => Promise<unknown>;
  /** What `at` gives must match this. */
  readonly gives?: unknown;
  readonly past: (world: In) => Promise<unknown>;
  /** What `past` gives, or throws, must match this. */
  readonly refused: unknown;
}

/** A default: what happens when something is left out. */
interface DefaultRow<In> {
  readonly leftOut: (world: In) => Promise<unknown>;
  readonly is: unknown;
}

/** Anything else, such as how two calls play together. */
interface ShownRow<In> {
  readonly shows: (world: In) => void | Promise<void>;
}

/** A required or optional member: `documents.test-d.ts` has a test whose name begins with the fact. */
interface TypeRow {
  readonly types: true;
}

/** One row of a ledger. */
export type Row<Made extends Emulator, Client, Options> = RowFacts<Options> &
  (
    | RequestRow<World<Made, Client>, Client>
    | ReplyRow<Client>
    | LimitRow<World<Made, Client>>
    | DefaultRow<World<Made, Client>>
    | ShownRow<World<Made, Client>>
    | TypeRow
  );

/** A vendor's ledger. */
export interface Ledger<Made extends Emulator, Client, Options> {
  /** The provider's name, and that of its folder. */
  readonly provider: string;
  /** How many facts the documents have, at least. */
  readonly least: number;
  /** Makes an emulator. */
  readonly emulate: (options: Options | undefined) => Made;
  /** Makes a client that sends through `fetch`: to the emulator, or with made-up credentials to nowhere. */
  readonly connect: (fetch: typeof globalThis.fetch, connection?: Names) => Client;
  /** The headers that every documented request has. */
  readonly headers: (connection: Names) => Names | Promise<Names>;
  readonly rows: readonly Row<Made, Client, Options>[];
}

/** Fills `{name}`s in, in whatever holds texts. */
function filled<Value>(value: Value, names: Names): Value {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return value;
  return JSON.parse(
    text.replace(/\{(\w+)\}/g, (whole, name: string) =>
      names[name] === undefined ? whole : JSON.stringify(names[name]).slice(1, -1),
    ),
  ) as Value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function toWire(request: Request): Promise<WireRequest> {
  const text = await request.text();
  const headers = Object.fromEntries(request.headers);
  const wire: WireRequest = { method: request.method, url: request.url, headers };
  return text === "" ? wire : { ...wire, body: parsed(text) ?? text };
}

async function sendPlainly(request: WireRequest, own: Names): Promise<WireAnswer> {
  const { method, url, headers, body } = request;
  const hasBody = body !== undefined;
  const answer = await fetch(url, {
    method,
    headers: { ...own, ...(hasBody && { "content-type": "application/json" }), ...headers },
    ...(hasBody && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: parsed(text) };
}

/** Makes the world of one row, and takes it down with its test. */
async function createWorld<Made extends Emulator, Client, Options>(
  { emulate, connect, headers }: Ledger<Made, Client, Options>,
  options: Options | undefined,
  onEnd: (emulator: Made) => void,
): Promise<World<Made, Client>> {
  const emulator = emulate(options);
  const server = await serveEmulators([emulator]);
  onTestFinished(async () => {
    onEnd(emulator);
    await server.close();
    await emulator.close();
  });
  const connection = server.connection(emulator.name);
  const sent: WireRequest[] = [];
  const watched: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    sent.push(await toWire(request.clone()));
    return await fetch(request);
  };
  const client = connect(watched, connection);
  const send: World<Made, Client>["send"] = async (request, names = {}) =>
    await sendPlainly(filled(request, { ...connection, ...names }), await headers(connection));
  return { emulator, client, connection, sent, send };
}

/** Every value in a reply that is neither object nor list, as text. */
function leavesOf(value: unknown, unread: readonly string[] = []): readonly string[] {
  // An empty body has no values either.
  if (value === undefined || value === "") return [];
  if (typeof value !== "object" || value === null) return [`${value}`];
  const read = Object.entries(value).filter(([name]) => !unread.includes(name));
  return read.flatMap(([, member]) => leavesOf(member, unread));
}

/** What a promise comes to, thrown or not. */
async function outcomeOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return error;
  }
}

/** Answers every request alike, and counts them. */
function answering(body: unknown, status: number, headers: Names = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  let count = 0;
  const answer: typeof fetch = async () => {
    count += 1;
    return new Response(text === "" ? null : text, {
      status,
      headers: { "content-type": "application/json; charset=utf-8", ...headers },
    });
  };
  return { fetch: answer, count: () => count };
}

/** A reply with each of its members spoilt in turn: gone, null, of another type, and the whole emptied. */
function* spoilt(reply: unknown): Generator<readonly [what: string, body: unknown]> {
  yield ["empty", ""];
  yield ["null", "null"];
  yield ["of another type", typeof reply === "string" ? { a: 1 } : 7];
  if (typeof reply === "string") return;
  for (const path of pathsOf(reply)) {
    const at = path.join(".");
    yield [`without ${at}`, changed(reply, path, () => undefined)];
    yield [`${at} null`, changed(reply, path, () => null)];
    yield [`${at} of another type`, changed(reply, path, otherType)];
    yield [`${at} unknown`, changed(reply, path, otherValue)];
    yield [`${at} doubled`, changed(reply, path, doubled)];
  }
}

type Path = readonly string[];

function pathsOf(value: unknown, before: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const path = [...before, name];
    return [path, ...pathsOf(member, path)];
  });
}

function changed(value: unknown, path: Path, change: (value: unknown) => unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return change(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[name] = changed(copy[name], rest, change);
  return copy;
}

function otherType(value: unknown): unknown {
  if (typeof value === "object") return "text";
  return typeof value === "string" ? { a: 1 } : [value];
}

function otherValue(value: unknown): unknown {
  if (typeof value === "string") return `${value}-of-tomorrow`;
  return typeof value === "number" ? value + 1 : value;
}

function doubled(value: unknown): unknown {
  if (typeof value === "string") return value + value;
  return Array.isArray(value) ? [...value, ...value] : value;
}

/** Makes the tests of one row. */
function check<Made extends Emulator, Client, Options>(
  ledger: Ledger<Made, Client, Options>,
  row: Row<Made, Client, Options>,
  onEnd: (emulator: Made) => void,
): void {
  const { provider, connect } = ledger;
  const title = `${row.fact} ${row.says} (${row.source})`;
  const open = () => createWorld(ledger, row.emulator, onEnd);

  if ("types" in row) {
    it(title, () => {
      const path = fileURLToPath(new URL(`./${provider}/documents.test-d.ts`, import.meta.url));
      const tests = existsSync(path) ? readFileSync(path, "utf8") : "";

      expect(tests).toMatch(new RegExp(`\\bit\\("${row.fact}\\b`));
    });
    return;
  }
  if ("reply" in row) {
    it(title, async () => {
      const { fetch, count } = answering(row.reply, row.status ?? 200, row.headers);
      const read = await outcomeOf(() => row.read(connect(fetch)));
      const kept = new Set(leavesOf(read));

      expect(read).toEqual(row.gives);
      expect(count()).toBe(1);
      const expected = leavesOf(row.reply, row.unread).map((leaf) => row.turned?.[leaf] ?? leaf);
      expect(expected.filter((leaf) => !kept.has(leaf))).toEqual([]);
    });
    it.each([...spoilt(row.reply)])(`${row.fact} spoilt: %s`, async (_what, body) => {
      const { fetch, count } = answering(body, row.status ?? 200, row.headers);
      const read = await outcomeOf(() => row.read(connect(fetch)));

      // Read as well as it can be, or refused by a typed error; and nothing is sent twice.
      if (read instanceof Error) {
        expect(isAckloopError(read) && read.code).toBe("schema");
        expect(read).toMatchObject({ provider, operation: expect.any(String) });
      }
      expect(count()).toBeLessThanOrEqual(row.mostRequests ?? 1);
    });
    return;
  }
  if ("request" in row) {
    it(title, async () => {
      const world = await open();
      const names = { ...world.connection, ...(await row.given?.(world)) };

      const answer = await world.send(row.request, names);

      expect(answer).toMatchObject({ status: row.status ?? 200 });
      if (row.answers !== undefined) expect(answer.body).toEqual(filledShape(row.answers, names));
    });
    const { call } = row;
    if (!call) return;
    it(`${row.fact} is what the client sends`, async () => {
      const world = await open();
      const names = { ...world.connection, ...(await row.given?.(world)) };
      const { headers, ...request } = filled(row.request, names);
      const own = await ledger.headers(world.connection);
      const before = world.sent.length;

      await call(world.client, names);

      const sent = world.sent.slice(before).find(({ url }) => url === request.url);
      expect(sent).toEqual({ ...request, headers: expect.anything() });
      expect(sent?.headers).toMatchObject({ ...namesOnly(own), ...headers });
    });
    return;
  }
  it(title, async () => {
    const world = await open();

    if ("shows" in row) return await row.shows(world);
    if ("leftOut" in row) return expect(await row.leftOut(world)).toEqual(row.is);
    const at = await row.at(world);
    if (row.gives !== undefined) expect(at).toMatchObject(row.gives as object);
    expect(await outcomeOf(() => row.past(world))).toMatchObject(row.refused as object);
  });
}

/** A credential of a plain request is not the client's own; that both have one is what counts. */
function namesOnly(own: Names): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(own).map(([name, value]) => [
      name,
      name === "authorization" ? expect.stringContaining(value.split(" ")[0] ?? "") : value,
    ]),
  );
}

/** As `filled`, and what is no JSON, such as `expect.any`, stays. */
function filledShape(value: unknown, names: Names): unknown {
  if (typeof value === "string") return filled(value, names);
  if (Array.isArray(value)) return value.map((each) => filledShape(each, names));
  if (typeof value !== "object" || value === null || "asymmetricMatch" in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, filledShape(member, names)]),
  );
}

/** Makes the tests of a ledger: one for each row, and that no documented call is without one. */
export function checkLedger<Made extends Emulator, Client, Options>(
  ledger: Ledger<Made, Client, Options>,
  operations: readonly string[],
): void {
  const { provider, rows, least } = ledger;
  const met = new Set<string>();
  const onEnd = ({ journal }: Made): void => {
    for (const operation of operations) if (journal.calls(operation) > 0) met.add(operation);
  };

  describe(`the documents of ${provider}`, () => {
    for (const row of rows) check(ledger, row, onEnd);

    it("have a row for each fact, and a source for each row", () => {
      const facts = rows.map(({ fact }) => fact);

      expect(rows.length).toBeGreaterThanOrEqual(least);
      expect(facts.filter((fact, index) => facts.indexOf(fact) !== index)).toEqual([]);
      expect(rows.filter(({ source, says }) => source === "" || says === "")).toEqual([]);
    });

    it("have a row for each call that the emulator takes", () => {
      expect(operations.filter((operation) => !met.has(operation))).toEqual([]);
    });
  });
}
