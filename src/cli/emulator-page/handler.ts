import type { Emulator, Fault } from "ackloop/emulator";
import { toRedactor } from "../../inspector/redact.ts";
import { liveAnswer } from "../../page/live.ts";
import { jsonAnswer, pageAnswer } from "../../page/page.ts";
import { refusal } from "../../page/refusal.ts";
import { built } from "../page/built.ts";
import { commandsOf, type Provider } from "../provider.ts";
import { createRecords } from "./records.ts";
import {
  eventsView,
  eventView,
  guideView,
  programOf,
  requestsView,
  type Shown,
  stateView,
  type Wanted,
  type World,
} from "./views.ts";

/** What the page is told. */
export interface PageOptions {
  readonly emulators: readonly Emulator[];
  readonly providers: Readonly<Record<string, Provider>>;
  readonly seed: number;
  /** Whether rate limits are on. */
  readonly limits: boolean;
  /** What of events nobody is shown, as `inspector` takes it. @default nothing */
  readonly redact?: readonly string[] | undefined;
}

/** The page of the emulators, as a handler for what none of them answers. */
export interface EmulatorPage {
  answer(request: Request): Promise<Response | undefined>;
  /** Ends it, and what watches. */
  end(): void;
}

/** What is wrong with what was sent, for people. */
class Wrong extends TypeError {}

const mostAtOnce = 1_000;
/** How often a page is told of changes, and how often it is looked for those that nobody tells of, in ms. */
const [changedMs, unseenMs] = [200, 2_000];

/**
 * Makes the page of some emulators.
 *
 * It answers to 127.0.0.1 and localhost with the port alone, and to no page of another origin; what changes
 * something needs the header that only itself sends. It keeps what it has seen in bounds, and shows no
 * header and no body of a request.
 */
export function createEmulatorPage(options: PageOptions): EmulatorPage {
  const { emulators, providers, seed, limits } = options;
  const records = createRecords(emulators);
  const redact = toRedactor(options.redact);
  const shown = new Map(
    emulators.flatMap((emulator): [string, Shown][] => {
      const provider = providers[emulator.name];
      return provider ? [[emulator.name, { emulator, provider }]] : [];
    }),
  );
  return {
    async answer(request) {
      const url = new URL(request.url);
      const { origin, port } = url;
      const refused = refusal(request, { hosts: [`127.0.0.1:${port}`, `localhost:${port}`] });
      if (refused) return refused;
      const world: World = { shown, records, origin, seed, limits, redact };
      const name = url.pathname.slice(1);
      const file = pageAnswer({ title: "ackloop emulator", files: built }, name);
      if (file && ["GET", "HEAD"].includes(request.method)) return file;
      return await answerData(world, request, name);
    },
    end: () => records.end(),
  };
}

type Read = (world: World, query: URLSearchParams) => unknown;
type Change = (world: World, body: Readonly<Record<string, unknown>>) => Promise<unknown>;

async function answerData(
  world: World,
  request: Request,
  name: string,
): Promise<Response | undefined> {
  const isChange = request.method === "POST";
  const table: Readonly<Record<string, Read | Change>> = isChange ? changes : reads;
  if (name === "api/live" && !isChange) return live(world, request);
  if (!Object.hasOwn(table, name)) return undefined;
  try {
    const given = isChange ? await bodyOf(request) : new URL(request.url).searchParams;
    const value = await (table[name] as Read)(world, given as URLSearchParams);
    return jsonAnswer(value ?? {});
  } catch (error) {
    // What an emulator refuses, it says in words; what is too deep to be written, the engine does.
    const { name: kind, message } = Object(error) as Partial<Error>;
    if (kind === "RangeError") return jsonAnswer({ error: "this has too many levels" }, 400);
    if (kind !== "TypeError" && kind !== "Refusal") throw error;
    return jsonAnswer({ error: message }, 400);
  }
}

async function bodyOf(request: Request): Promise<Readonly<Record<string, unknown>>> {
  try {
    return Object(await request.json());
  } catch {
    throw new Wrong("the request is not JSON");
  }
}

const reads: Readonly<Record<string, Read>> = {
  "api/guide": guideView,
  "api/events": (world, query) => eventsView(world, wantedOf(query)),
  "api/requests": (world, query) => requestsView(world, wantedOf(query)),
  "api/event"(world, query) {
    const [provider = "", place = "", id = ""] = ["provider", "place", "id"].map(
      (each) => query.get(each) ?? "",
    );
    const event = world.records.find(provider, place, id);
    if (!event) throw new Wrong("this event is not known any more");
    return eventView(world, event);
  },
  "api/program": (world, query) => ({
    text: programOf(world, shownOf(world, query.get("provider")), query.get("place") ?? ""),
  }),
};

const changes: Readonly<Record<string, Change>> = {
  async "api/place"(world, { provider, name }) {
    const { emulator, provider: known } = shownOf(world, provider);
    if (!known.guide.make) throw new Wrong(`${known.title} has no more than there are`);
    return { place: await known.guide.make(commandsOf(emulator), textOf("name", name)) };
  },
  async "api/listener"(world, { provider, place, url }) {
    const { emulator, provider: known } = shownOf(world, provider);
    if (!known.guide.listen) throw new Wrong(`${known.title} calls nobody`);
    const address = textOf("url", url);
    await known.guide.listen(commandsOf(emulator), textOf("place", place), address);
  },
  "api/publish": publish,
  async "api/fault"(world, { provider, fault }) {
    return { id: shownOf(world, provider).emulator.faults.add(fault as Fault) };
  },
  async "api/fault/clear"(world, { provider, id }) {
    const { faults } = shownOf(world, provider).emulator;
    return { cleared: faults.clear(id === undefined ? undefined : textOf("id", id)) };
  },
  async "api/reset"(world, { provider }) {
    await shownOf(world, provider).emulator.reset();
  },
};

/** Publishes what stands in the editor, once or several times; all of it is read before anything happens. */
async function publish(
  world: World,
  { provider, place, text, times = 1 }: Parameters<Change>[1],
): Promise<unknown> {
  const { emulator, provider: known } = shownOf(world, provider);
  const items = itemsOf(textOf("text", text));
  const all = typeof times === "number" && Number.isInteger(times) && times >= 1 ? times : 0;
  const count = items.length * all;
  if (count < 1 || count > mostAtOnce) throw new Wrong(`publish 1 to ${mostAtOnce} events at once`);
  const command = commandsOf(emulator);
  const [first] = emulator.places();
  const given = place === undefined || place === "" ? first?.id : textOf("place", place);
  const target = given ?? (await known.guide.make?.(command, "orders"));
  const every = Array.from({ length: all }, () => items).flat();
  await known.guide.put(command, target, every);
  return { place: target, count };
}

function itemsOf(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch (error) {
    throw new Wrong(`this is no JSON: ${String(Object(error).message)}`);
  }
}

function shownOf({ shown }: World, name: unknown): Shown {
  const found = typeof name === "string" ? shown.get(name) : undefined;
  if (!found) throw new Wrong(`the emulators here are ${[...shown.keys()].join(", ")}`);
  return found;
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Wrong(`${name} must be a text`);
}

function wantedOf(query: URLSearchParams): Wanted {
  const numberOf = (name: string): number | undefined => Number(query.get(name)) || undefined;
  return {
    before: numberOf("before") ?? Number.POSITIVE_INFINITY,
    provider: query.get("provider") ?? undefined,
    place: query.get("place") ?? undefined,
    words: query.get("q") ?? "",
    failed: query.get("failed") === "1",
    number: numberOf("number"),
  };
}

/** Sends what there is, and again whenever something has changed. */
function live(world: World, request: Request): Response {
  return liveAnswer(request, (send) => {
    let seen = -1;
    let waited = 0;
    let last = "";
    const look = (): void => {
      waited += changedMs;
      if (world.records.version() === seen && waited < unseenMs) return;
      const state = stateView(world);
      const text = JSON.stringify(state);
      if (text !== last && !send("state", state)) return;
      last = text;
      seen = state.version;
      waited = 0;
    };
    look();
    const timer = setInterval(look, changedMs);
    return () => clearInterval(timer);
  });
}
