import type { Emulator, EmulatorPlace, FaultState } from "ackloop/emulator";
import type { Redactor } from "../../inspector/redact.ts";
import type { Provider } from "../provider.ts";
import type { EventRecord, Records, RequestRecord, Step } from "./records.ts";

/** An emulator, and what the command line knows of its provider. */
export interface Shown {
  readonly emulator: Emulator;
  readonly provider: Provider;
}

/** What the page looks at. */
export interface World {
  readonly shown: ReadonlyMap<string, Shown>;
  readonly records: Records;
  /** Where the emulators are reached. */
  readonly origin: string;
  readonly seed: number;
  readonly limits: boolean;
  /** Makes of an event what may be shown of it. */
  readonly redact: Redactor;
}

/** How far an event is. */
export type EventState = "published" | "delivered" | "acked" | "read";

/** An event in a list. */
export interface EventRow {
  readonly provider: string;
  readonly place: string;
  readonly id: string;
  readonly order: number;
  readonly at: number;
  readonly state: EventState;
  readonly delivered: number;
  /** Its type, where it has one. */
  readonly type: string;
  /** The beginning of its data. */
  readonly words: string;
}

/** An event with what happened to it. */
export interface EventView extends EventRow {
  readonly steps: readonly Step[];
  /** How many steps were left out. */
  readonly left: number;
  /** As a reader gets it, as far as it is shown; absent where the emulator holds it no more. */
  readonly text?: string | undefined;
  /** How long the whole text is. */
  readonly length: number;
  /** Whether something of it is masked. */
  readonly isMasked: boolean;
}

/** A part of a list, newest first. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Whether there are older ones. */
  readonly more: boolean;
}

/** A fault that is switched on. */
export interface FaultView {
  readonly id: string;
  readonly kind: string;
  readonly status?: number | undefined;
  readonly ms?: number | undefined;
  readonly operation: string;
  readonly count?: number | undefined;
  readonly matched: number;
  readonly injected: number;
}

/** An emulator as it is now. */
export interface ProviderView {
  readonly name: string;
  readonly places: readonly EmulatorPlace[];
  /** How many places are not shown. */
  readonly left: number;
  readonly published: number;
  readonly delivered: number;
  readonly acked: number;
  readonly requests: number;
  readonly faults: readonly FaultView[];
}

/** All that is sent whenever it changes. */
export interface StateView {
  /** Changes with everything that happens. */
  readonly version: number;
  readonly providers: readonly ProviderView[];
}

/** What stays as it is. */
export interface GuideView {
  readonly origin: string;
  readonly seed: number;
  readonly limits: boolean;
  readonly providers: readonly ProviderGuide[];
}

/** What the page tells of a provider. */
export interface ProviderGuide {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly place: string;
  readonly holds: string;
  readonly limits: string;
  readonly samples: Readonly<Record<string, unknown>>;
  readonly calls: Readonly<Record<string, string>>;
  readonly canMake: boolean;
  readonly canListen: boolean;
  readonly variables: readonly { readonly name: string; readonly value: string }[];
}

const mostPlaces = 100;
const pageSize = 50;
const mostText = 20_000;

/** What stays as it is. */
export function guideView({ shown, origin, seed, limits }: World): GuideView {
  const providers = [...shown].map(([name, { emulator, provider }]): ProviderGuide => {
    const { title, guide, limits: documented, variables } = provider;
    const { about, place, holds, samples, calls } = guide;
    const connection = emulator.connection(`${origin}/${name}`);
    return {
      ...{ name, title, about, place, holds, samples, calls, limits: documented },
      canMake: guide.make !== undefined,
      canListen: guide.listen !== undefined,
      variables: variables.flatMap((variable) => {
        const value = variable.member === undefined ? undefined : connection[variable.member];
        return value === undefined ? [] : [{ name: variable.name, value }];
      }),
    };
  });
  return { origin, seed, limits, providers };
}

/** The program that consumes from a place. */
export function programOf({ origin }: World, { emulator, provider }: Shown, place: string): string {
  const found = emulator.places().find(({ id }) => id === place);
  const local = found?.listeners?.map(({ url }) => new URL(url)).find(isLocal);
  const port = Number(local?.port) || 8080;
  return provider.program(emulator.connection(`${origin}/${emulator.name}`), place, port);
}

const isLocal = ({ hostname }: URL): boolean => ["127.0.0.1", "localhost"].includes(hostname);

/** All emulators as they are now. */
export function stateView({ shown, records }: World): StateView {
  const providers = [...shown].map(([name, { emulator }]): ProviderView => {
    const { published, delivered, acked } = emulator.journal.totals();
    const places = emulator.places();
    return {
      ...{ name, published, delivered, acked, requests: emulator.journal.calls() },
      // The newest are those that somebody has just made.
      places: places.slice(-mostPlaces),
      left: Math.max(0, places.length - mostPlaces),
      faults: emulator.faults.list().map(faultView),
    };
  });
  return { version: records.version(), providers };
}

/** Without a body or headers, which may hold anything. */
function faultView({ id, fault, matched, injected }: FaultState): FaultView {
  const { kind, operation = "", count } = fault;
  const { status, ms } = fault as { status?: number; ms?: number };
  return {
    id,
    kind,
    status,
    ms,
    operation: [operation].flat().join(", "),
    count,
    matched,
    injected,
  };
}

/** A page of a list, of what fits. */
function pageOf<Row extends { readonly order: number }, View>(
  rows: readonly Row[],
  {
    before,
    fits,
    show,
  }: {
    readonly before: number;
    readonly fits: (row: Row) => boolean;
    readonly show: (row: Row) => View;
  },
): Page<View> {
  const found: Row[] = [];
  for (const row of rows) {
    if (row.order >= before || !fits(row)) continue;
    if (found.length === pageSize) return { rows: found.map(show), more: true };
    found.push(row);
  }
  return { rows: found.map(show), more: false };
}

/** What is looked for in a list. */
export interface Wanted {
  /** Only what is older: an `order`. */
  readonly before: number;
  readonly provider: string | undefined;
  readonly place: string | undefined;
  /** Words of it. */
  readonly words: string;
  /** Requests: only those that did not succeed, or that a fault hit. */
  readonly failed: boolean;
  /** Requests: only those from this number on. */
  readonly number: number | undefined;
}

/** Events, newest first. */
export function eventsView(world: World, wanted: Wanted): Page<EventRow> {
  const words = wanted.words.toLowerCase();
  const { provider, place, before } = wanted;
  return pageOf(world.records.events(), {
    before,
    fits: (event) =>
      (provider === undefined || event.provider === provider) &&
      (place === undefined || event.place === place) &&
      (words === "" || textOf(world, event).includes(words)),
    show: (event) => rowOf(world, event),
  });
}

/** What a search looks at. */
function textOf(world: World, event: EventRecord): string {
  const { type, data } = wordsOf(world, event);
  return `${event.id} ${type} ${data}`.toLowerCase();
}

/** Requests, newest first. */
export function requestsView({ records }: World, wanted: Wanted): Page<RequestRecord> {
  const words = wanted.words.toLowerCase();
  const { provider, failed, number, before } = wanted;
  return pageOf(records.requests(), {
    before,
    fits: (request) =>
      (provider === undefined || request.provider === provider) &&
      (!failed || (request.status ?? 500) >= 400 || request.faults.length > 0) &&
      (number === undefined || (request.direction === "in" && request.number === number)) &&
      `${request.method} ${request.target} ${request.operation}`.toLowerCase().includes(words),
    show: (request) => request,
  });
}

/** What may be shown of an event, as the inspector shows it; `undefined` where the emulator holds it no more. */
function heldOf({ shown, redact }: World, { provider, place, id }: EventRecord) {
  const { emulator, provider: known } = shown.get(provider) ?? {};
  const raw = emulator?.held(place, id);
  if (raw === undefined || known === undefined) return undefined;
  const { value, isMasked } = redact({ event: known.guide.read(raw), raw });
  const { type, data } = Object(value.event) as {
    readonly type?: unknown;
    readonly data?: unknown;
  };
  return { type, data, raw: value.raw, isMasked };
}

/** A few words of an event; made once. */
function wordsOf(world: World, event: EventRecord): NonNullable<EventRecord["words"]> {
  if (event.words) return event.words;
  const { type, data } = heldOf(world, event) ?? {};
  event.words = { type: inShort(type), data: inShort(data) };
  return event.words;
}

/** Its beginning, without writing all of it. */
function inShort(data: unknown): string {
  if (typeof data === "string") return data.slice(0, 200);
  const text = JSON.stringify(data, (_, value: unknown) => {
    if (typeof value === "string") return value.slice(0, 100);
    return Array.isArray(value) ? value.slice(0, 3) : value;
  });
  return text?.slice(0, 200) ?? "";
}

function rowOf(world: World, event: EventRecord): EventRow {
  const { provider, place, id, order, at, delivered } = event;
  const { type, data: words } = wordsOf(world, event);
  return { provider, place, id, order, at, state: stateOf(world, event), delivered, type, words };
}

function stateOf({ records }: World, event: EventRecord): EventState {
  if (event.acked > 0) return "acked";
  if (records.readOf(event)) return "read";
  return event.delivered > 0 ? "delivered" : "published";
}

/** One event with what happened to it. */
export function eventView(world: World, event: EventRecord): EventView {
  const read = world.records.readOf(event);
  const steps = [...event.steps, ...(read ? [read] : [])].toSorted((a, b) => a.seq - b.seq);
  const held = heldOf(world, event);
  const text = JSON.stringify(held?.raw, null, 2) as string | undefined;
  return {
    ...rowOf(world, event),
    steps,
    left: event.left,
    text: text?.slice(0, mostText),
    length: text?.length ?? 0,
    isMasked: held?.isMasked ?? false,
  };
}
