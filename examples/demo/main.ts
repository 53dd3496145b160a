/**
 * The demo: 2,000 events of each provider travel from a real HTTP server, in a process of its own,
 * through typed handlers in other processes to their acknowledgement. On the way the server throttles,
 * fails, stalls, cuts connections, loses replies, says no with a 200 and junk in its headers, has its clock
 * wrong, and every consumer is killed once and started again.
 *
 * `--json` prints one object in place of the progress and the table. Exits non-zero when something was
 * lost, or acknowledged before it was handled. `--scale` is the second form: see `fleet/demo.ts`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { scaleDemo } from "./fleet/demo.ts";
import { Admin, type Child, freePort, startConsumer, startEmulator } from "./process.ts";
import { type DemoProvider, providerNames, providerOf } from "./provider.ts";
import { type Result, readResult, sum, toFigures } from "./result.ts";
import { progressLine, table } from "./table.ts";
import { type Task, webhookSecret } from "./task.ts";

const EVENTS = 2000;
const PER_PUBLISH = 100;
/** When a consumer is killed: at so many handled events. */
const KILL_AT = 800;
/** How long everything may take, in ms. */
const LIMIT_MS = 55_000;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    scale: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
    engine: { type: "string" },
    fault: { type: "string" },
  },
});
const began = performance.now();
const seconds = (): number => Math.round((performance.now() - began) / 100) / 10;

function say(text: string): void {
  if (!options.json) process.stdout.write(text);
}

/** The number-th event; number 700 is poison. */
function toNumbered(number: number) {
  return { number, code: `${number === 700 ? "poison" : "order"}-${number}` };
}

/** Publishes all events of a provider while its consumer is at work. */
async function publishAll(admin: Admin, { provider, queue }: Task, of: DemoProvider) {
  for (let from = 0; from < EVENTS; from += PER_PUBLISH) {
    const events = Array.from({ length: PER_PUBLISH }, (_, at) => toNumbered(from + at));
    await admin.post(provider, "publish", of.publish(queue, events));
    if (of.aside && from % 500 === 0) await admin.post(provider, ...of.aside(queue));
    await wait(100);
  }
}

/** Keeps a consumer running, and kills it once in the middle; gives how often it was restarted. */
async function superviseUntil(
  isDone: () => boolean,
  task: Task,
  latest: () => Result | undefined,
): Promise<number> {
  let child: Child = startConsumer(task);
  let restarts = 0;
  while (!isDone()) {
    await wait(20);
    if (restarts === 0 && (latest()?.handled ?? 0) >= KILL_AT) {
      await child.kill("SIGKILL");
      child = startConsumer(task);
      restarts += 1;
    }
    if (child.hasEnded()) throw new Error(`the consumer of ${task.provider} ended by itself`);
  }
  await child.kill("SIGTERM");
  return restarts;
}

/** Looks again and again at what the emulator and the consumer have written down. */
async function watch(
  look: () => Promise<Result>,
  onResult: (result: Result) => void,
): Promise<Result> {
  for (;;) {
    const result = await look();
    onResult(result);
    const isDone = result.published === EVENTS && result.lost === 0 && result.unacked === 0;
    if (isDone || performance.now() - began > LIMIT_MS) return result;
    await wait(150);
  }
}

async function runProvider(
  admin: Admin,
  task: Task,
  onResult: (provider: string, result: Result) => void,
): Promise<Result> {
  let latest: Result | undefined;
  let isOver = false;
  const provider = await providerOf(task.provider);
  const look = () => readResult(admin, task, provider, EVENTS);
  await admin.post(task.provider, "faults", provider.faults);
  const publishing = publishAll(admin, task, provider);
  const watching = watch(look, (result) => {
    latest = result;
    onResult(task.provider, result);
  }).finally(() => {
    isOver = true;
  });
  const supervising = superviseUntil(
    () => isOver,
    task,
    () => latest,
  );
  const [, , restarts] = await Promise.all([publishing, watching, supervising]);
  // Once more, when nothing moves any longer.
  return { ...(await look()), restarts, seconds: seconds() };
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "ackloop-demo-"));
  const emulator = await startEmulator();
  const { origin, connections, otherwise } = emulator.announcement;
  const admin = new Admin(origin);
  say(`Emulators on ${origin}, in a process of their own.\n`);
  for (const line of otherwise) say(`  ${line}\n`);
  // In the order of the table, whoever is done first.
  const results = new Map<string, Result>(providerNames.map((name) => [name, sum([])]));
  const show = (provider: string, result: Result): void => {
    results.set(provider, result);
    const handled = new Map([...results].map(([name, one]) => [name, one.handled]));
    if (!options.json) progressLine(handled, EVENTS, seconds());
  };
  try {
    const runs = providerNames.map(async (provider) => {
      const connection = connections[provider] ?? {};
      const port = await freePort();
      const hook = `http://127.0.0.1:${port}/?secret=${webhookSecret}`;
      const opened = await (await providerOf(provider)).open(connection, hook);
      const task: Task = { provider, connection, ...opened, port, folder: join(folder, provider) };
      results.set(provider, await runProvider(admin, task, show));
    });
    await Promise.all(runs);
  } finally {
    await emulator.child.kill("SIGTERM");
    await rm(folder, { recursive: true, force: true });
  }
  const total = { ...sum([...results.values()]), seconds: seconds() };
  if (options.json) {
    const providers = Object.fromEntries(
      [...results].map(([name, result]) => [name, toFigures(result)]),
    );
    console.log(JSON.stringify({ ...toFigures(total), providers }));
  } else say(`\n\n${table(results, total)}\n`);
  if (total.lost > 0 || total.ackedBeforeHandled > 0 || total.unacked > 0) process.exitCode = 1;
}

await (options.scale ? scaleDemo(options) : main());
