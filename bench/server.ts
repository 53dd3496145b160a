/**
 * The APIs of the benchmarks, in a process of their own: pages of made-up events, as fast as they can be
 * served, in the vendors' shapes. What an emulator is for (strictness, faults, records) it has not.
 *
 * A path begins with what is wanted: `/<run>/<events>/<page size>/<delay in ms>/`, then goes on as the
 * vendor's. Each run, and each queue of a run, has a place of its own, so that no two share anything.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What one run has been given, and what it acknowledged. */
interface Run {
  readonly events: number;
  readonly pageSize: number;
  /** How many events were acknowledged, or read behind. */
  acked: number;
  /** Of a list: what was listed and is not acknowledged. */
  readonly open: Set<number>;
  /** Of a list: the next that nobody has seen. */
  next: number;
}

const types = ["ORDER_CREATED_SUCCESSFULLY", "ORDER_STATUS_UPDATED"];

/** Tiki's event, as its documents show it. */
const tikiEvent = (n: number): string =>
  `{"id":"evt-${n}","sid":"D5B1B2C3","created_at":${1_600_000_000_000 + n},"type":"${types[n % 2]}",` +
  `"version":"v1","payload":{"order_code":"${800_000_000 + n}","status":"queueing"}}`;

/** When the first of Workato's messages was published; each further one a second later. */
const publishedAt = Date.UTC(2026, 0, 1);
const timeOf = (n: number): string => new Date(publishedAt + 1_000 * n).toISOString();

/** Workato's message. */
const workatoMessage = (n: number): string =>
  `{"message_id":"msg-${n}","time":"${timeOf(n)}",` +
  `"payload":{"order":${n},"status":"new","total":"19.90","customer":"customer ${n % 97}"}}`;

/** Kekker's event. */
const kekkerEvent = (n: number): string =>
  `{"eventUid":"uid-${n}","event":"DealCreated","category":"Deals","timestamp":"2026-11-29T10:00:00Z",` +
  `"objectId":"deal-${n}","localObjectId":"local-${n}"}`;

function itemsOf(from: number, to: number, toText: (n: number) => string): string {
  let text = "";
  for (let n = from; n < to; n += 1) text += n === from ? toText(n) : `,${toText(n)}`;
  return text;
}

/** The number at the end of a cursor such as `msg-17`; 0 where there is none. */
const numberIn = (body: string): number => Number(/-(\d+)"/.exec(body)?.[1] ?? -1) + 1;

function tiki(run: Run, path: readonly string[], body: string): string {
  run.acked = Math.max(run.acked, numberIn(body));
  if (path.at(-1) === "ack") return '{"status":"ok"}';
  const end = Math.min(run.events, run.acked + run.pageSize);
  if (end === run.acked) return '{"events":[]}';
  return `{"events":[${itemsOf(run.acked, end, tikiEvent)}],"ack_id":"ack-${end - 1}"}`;
}

function workato(run: Run, _path: readonly string[], body: string): string {
  const since = /"since_time":"([^"]+)"/.exec(body)?.[1];
  const first = since === undefined ? 0 : Math.ceil((Date.parse(since) - publishedAt) / 1_000);
  const from = since === undefined ? numberIn(body) : Math.max(0, first);
  return `{"messages":[${itemsOf(from, Math.min(run.events, from + run.pageSize), workatoMessage)}]}`;
}

function kekker(run: Run, path: readonly string[], _body: string, query: URLSearchParams): string {
  if (path.at(-1) === "ack") {
    run.open.delete(Number(path.at(-2)?.slice("uid-".length)));
    return "";
  }
  const page = Number(query.get("pageNumber") ?? 1);
  const size = Number(query.get("pageSize") ?? run.pageSize);
  while (run.open.size < page * size && run.next < run.events) {
    run.open.add(run.next);
    run.next += 1;
  }
  const listed = [...run.open].slice((page - 1) * size, page * size);
  return `{"pageNumber":${page},"data":[${listed.map(kekkerEvent).join(",")}]}`;
}

const vendors = { queues: tiki, topics: workato, api: kekker } as const;

const runs = new Map<string, Run>();

function runOf(path: string, events: number, pageSize: number): Run {
  const known = runs.get(path);
  if (known) return known;
  const run: Run = { events, pageSize, acked: 0, open: new Set(), next: 0 };
  runs.set(path, run);
  return run;
}

/** Serves one request whose body has come. */
function serve(request: IncomingMessage, response: ServerResponse, body: string): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const [, name = "", events, pageSize, delayMs, vendor = "", ...rest] = pathname.split("/");
  const answer = vendors[vendor as keyof typeof vendors];
  if (answer === undefined) {
    response.writeHead(404).end();
    return;
  }
  const run = runOf(`${name}/${rest[0]}`, Number(events), Number(pageSize));
  const end = (): void => {
    const text = answer(run, rest, body, searchParams);
    const length = Buffer.byteLength(text);
    response.writeHead(200, { "content-type": "application/json", "content-length": length });
    response.end(text);
  };
  if (Number(delayMs) > 0) setTimeout(end, Number(delayMs));
  else end();
}

/** Listens on loopback; tells its parent where. */
function main(): void {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => serve(request, response, body));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.send?.(`http://127.0.0.1:${port}`);
  });
  process.on("disconnect", () => process.exit());
}

main();
