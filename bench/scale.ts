import { round } from "./result.ts";
import { type BenchServer, type Job, type Measure, measure } from "./slices.ts";

const AT_ONCE = 10;

/** A table of docs/scale.md: what is changed, and what is told of each measure. */
interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly name: string; readonly job: Job }[];
  tell(measure: Measure, job: Job): readonly (string | number)[];
}

const base: Job = { job: "tiki", events: 50_000, pageSize: 100, delayMs: 0, handlerMs: 0 };

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const rateOf = ({ handled, wallMs }: Measure): number => (handled * 1000) / wallMs;
const cost = ({ cpuUs }: Measure): string => cpuUs.toFixed(1);

function tellShared(one: Measure): readonly (string | number)[] {
  const { sockets = 0, fairShare = 0 } = one;
  return [cost(one), whole(rateOf(one)), whole(one.peakMb), sockets, round(fairShare)];
}

const tables: readonly Table[] = [
  {
    title: "Events in one run, pages of 100",
    columns: ["events", "CPU us an event", "events a second", "peak MB"],
    rows: [10_000, 100_000, 1_000_000].map((events) => ({
      name: whole(events),
      job: { ...base, events },
    })),
    tell: (one) => [cost(one), whole(rateOf(one)), whole(one.peakMb)],
  },
  {
    title: "Events on a page",
    columns: ["page", "CPU us an event", "CPU us a page", "events a second"],
    rows: [1, 10, 50, 100].map((pageSize) => ({
      name: String(pageSize),
      job: { ...base, pageSize, events: 5_000 + 450 * pageSize },
    })),
    tell: (one, { pageSize }) => [cost(one), whole(one.cpuUs * pageSize), whole(rateOf(one))],
  },
  {
    title: `Time that a handler waits, pages of 100, ${AT_ONCE} at once`,
    columns: ["handler, ms", "events a second", "of what the handlers allow", "CPU us an event"],
    rows: [0, 1, 10, 100].map((handlerMs) => ({
      name: String(handlerMs),
      job: { ...base, handlerMs, events: handlerMs === 100 ? 600 : 6_000 },
    })),
    tell: (one, { handlerMs }) => {
      const share = (rateOf(one) * handlerMs) / (1000 * AT_ONCE);
      return [whole(rateOf(one)), handlerMs === 0 ? "" : round(share), cost(one)];
    },
  },
  {
    title: "Feeds in one process, by one client, pages of 100, a server that takes 5 ms",
    columns: ["feeds", "CPU us an event", "events a second", "peak MB", "sockets", "fair share"],
    rows: [1, 10, 100].map((feeds) => ({
      name: String(feeds),
      job: { ...base, job: "feeds", feeds, delayMs: 5, events: Math.max(50_000, feeds * 4_000) },
    })),
    tell: tellShared,
  },
  {
    title: "Feeds that one process relays to SQLite, by one client, a server that takes 5 ms",
    columns: ["feeds", "CPU us an event", "events a second", "peak MB", "sockets", "fair share"],
    rows: [1, 10, 100].map((feeds) => ({
      name: String(feeds),
      job: { ...base, job: "relays", feeds, delayMs: 5, events: Math.max(20_000, feeds * 1_000) },
    })),
    tell: tellShared,
  },
  {
    title: "Feeds that share a limit of 10 requests each a minute",
    columns: ["feeds", "fair share"],
    rows: [10, 100].map((feeds) => ({
      name: String(feeds),
      job: { ...base, job: "rates", feeds, pageSize: 50, delayMs: 5, events: feeds * 500 },
    })),
    tell: ({ fairShare = 0 }) => [round(fairShare)],
  },
];

/** Measures and prints the tables of docs/scale.md. */
export async function scale(server: BenchServer, machine: string): Promise<void> {
  process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${machine}\n`);
  for (const { title, columns, rows, tell } of tables) {
    process.stdout.write(`\n${title}\n\n| ${columns.join(" | ")} |\n`);
    process.stdout.write(`| ${columns.map(() => "---").join(" | ")} |\n`);
    for (const { name, job } of rows) {
      const told = tell(await measure(server, job, "ours"), job);
      process.stdout.write(`| ${[name, ...told].join(" | ")} |\n`);
    }
  }
}
