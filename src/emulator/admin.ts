import type { Emulator } from "./definition.ts";
import { isRecord, json, Refusal, readJson, saysJson } from "./exchange.ts";
import type { Fault } from "./fault.ts";
import type { JournalKind } from "./journal.ts";
import { checkNames } from "./options.ts";
import { createRouter, type PathParameters } from "./routes.ts";

/** Answers requests under `/_emulator`: those that `serveEmulators` lists. */
export type AdminHandler = (request: Request) => Promise<Response>;

/** Where the requests for {@link AdminHandler} begin. */
export const adminPrefix = "/_emulator";

interface AdminCall {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly params: PathParameters;
}

interface AdminRoute {
  readonly method: string;
  readonly path: string;
  readonly handle: (call: AdminCall) => unknown;
}

function wholeNumber(
  query: URLSearchParams,
  name: string,
  fallback: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = Number(query.get(name) ?? fallback);
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new Refusal(400, `${name} must be a whole number from 0 to ${max}`);
}

const journalQuery = ["after", "limit", "kind", "queue", "event", "reader", "operation"];

function readJournal(emulator: Emulator, query: URLSearchParams): unknown {
  checkNames("journal", Object.fromEntries(query), journalQuery);
  const after = wholeNumber(query, "after", 0);
  const limit = wholeNumber(query, "limit", 1_000, 10_000);
  const kinds = query.get("kind")?.split(",") as readonly JournalKind[] | undefined;
  const [queue, eventId, reader, operation] = ["queue", "event", "reader", "operation"].map(
    (name) => query.get(name) ?? undefined,
  );
  const wanted = { after, limit, kinds, queue, eventId, reader, operation };
  const entries = emulator.journal.entries(wanted);
  const forgotten = emulator.journal.forgotten();
  // Told once: who asks again with `after` begins behind it.
  const missed = Math.max(0, forgotten - after);
  return { entries, after: entries.at(-1)?.seq ?? Math.max(after, forgotten), missed };
}

async function readCommand(request: Request): Promise<unknown> {
  if (!saysJson(request)) throw new Refusal(415, "Send content-type: application/json.");
  return await readJson(request);
}

/** Checks the outer shape alone; the emulator checks the rest. */
function toFaults(body: unknown): readonly Fault[] {
  const faults: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (!faults.every(isRecord)) throw new Refusal(400, "a fault is an object");
  return faults as readonly unknown[] as readonly Fault[];
}

async function runCommand(emulator: Emulator, { params, request }: AdminCall): Promise<unknown> {
  const name = params["command"] ?? "";
  const command = Object.hasOwn(emulator.admin, name) ? emulator.admin[name] : undefined;
  if (command) return await command(await readCommand(request));
  const known = Object.keys(emulator.admin).join(", ");
  throw new Refusal(404, `${emulator.name} knows these commands: ${known}`);
}

/** What there is here, for somebody who looks. */
function explain(emulators: ReadonlyMap<string, Emulator>): unknown {
  const of = (name: string, { admin }: Emulator) => ({
    api: `/${name}`,
    "GET journal": `${adminPrefix}/${name}/journal?after=0&kind=published,acked&limit=1000`,
    "GET totals": `${adminPrefix}/${name}/totals`,
    "GET faults": `${adminPrefix}/${name}/faults`,
    "POST a fault": `${adminPrefix}/${name}/faults, such as {"kind":"status","status":500,"count":3}`,
    "DELETE faults": `${adminPrefix}/${name}/faults, or one by its id`,
    "POST reset": `${adminPrefix}/${name}/reset`,
    commands: Object.keys(admin).map((command) => `POST ${adminPrefix}/${name}/${command}`),
  });
  return {
    about:
      "Emulators of event APIs. A POST says content-type: application/json; what is wrong with one is answered in words.",
    health: `${adminPrefix}/health`,
    emulators: Object.fromEntries([...emulators].map(([name, each]) => [name, of(name, each)])),
  };
}

function adminRoutes(emulators: ReadonlyMap<string, Emulator>): readonly AdminRoute[] {
  function of({ params }: AdminCall): Emulator {
    const emulator = emulators.get(params["name"] ?? "");
    if (!emulator) throw new Refusal(404, `emulators here: ${[...emulators.keys()].join(", ")}`);
    return emulator;
  }

  function health(): unknown {
    const facts = [...emulators.values()].map(({ name, seed, journal }) => ({
      name,
      seed,
      requests: journal.calls(),
    }));
    return { status: "ok", emulators: facts };
  }

  async function addFaults(call: AdminCall): Promise<unknown> {
    const { faults } = of(call);
    return { ids: faults.addAll(toFaults(await readCommand(call.request))) };
  }

  function clearFaults(call: AdminCall): unknown {
    const { faults } = of(call);
    const { id } = call.params;
    if (faults.clear(id) === 0 && id !== undefined)
      throw new Refusal(404, `there is no fault ${id}`);
    return { left: faults.list().length };
  }

  function totals(call: AdminCall): unknown {
    const { journal, faults } = of(call);
    return { totals: journal.totals(), injected: faults.injected() };
  }

  const root = `${adminPrefix}/:name`;
  return [
    { method: "GET", path: adminPrefix, handle: () => explain(emulators) },
    { method: "GET", path: `${adminPrefix}/health`, handle: health },
    {
      method: "GET",
      path: `${root}/journal`,
      handle: (call) => readJournal(of(call), call.query),
    },
    { method: "GET", path: `${root}/totals`, handle: totals },
    { method: "GET", path: `${root}/faults`, handle: (call) => of(call).faults.list() },
    { method: "POST", path: `${root}/faults`, handle: addFaults },
    { method: "DELETE", path: `${root}/faults`, handle: clearFaults },
    { method: "DELETE", path: `${root}/faults/:id`, handle: clearFaults },
    { method: "POST", path: `${root}/reset`, handle: (call) => of(call).reset() },
    { method: "POST", path: `${root}/:command`, handle: (call) => runCommand(of(call), call) },
  ];
}

async function answerAdmin(route: AdminRoute, call: AdminCall): Promise<Response> {
  try {
    return json((await route.handle(call)) ?? {});
  } catch (error) {
    if (error instanceof Refusal) return json({ error: error.message }, error.status);
    const { name, message } = Object(error) as Partial<Error>;
    if (name === "TypeError") return json({ error: message }, 400);
    throw error;
  }
}

/** Makes the handler of the requests under `/_emulator`. Works on every runtime. */
export function createAdmin(emulators: readonly Emulator[]): AdminHandler {
  const find = createRouter(adminRoutes(new Map(emulators.map((each) => [each.name, each]))));
  return async (request) => {
    const url = new URL(request.url);
    const match = find(request.method, url.pathname);
    if (match.found === "nothing") return json({ error: "no such path" }, 404);
    if (match.found === "methods") return json({ error: "no such method" }, 405);
    const { route, params } = match;
    return await answerAdmin(route, { request, query: url.searchParams, params });
  };
}
