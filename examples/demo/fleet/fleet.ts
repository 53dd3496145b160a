import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LineFile } from "../line-file.ts";
import { Admin, type Child, freePort, startEmulator } from "../process.ts";
import { type DemoProvider, providerOf } from "../provider.ts";
import { readJournal } from "../result.ts";
import { type Task, webhookSecret } from "../task.ts";
import { type Engine, startEngine } from "./engine.ts";
import { type Count, type Kill, type Killed, Ledger } from "./ledger.ts";
import { buildPrograms, type Programs } from "./processes.ts";
import { comingFrom, leftIn, makeQueues } from "./queue.ts";
import type { EngineName, FaultName, FleetLine, Place } from "./task.ts";

/** What a fleet is made of. */
export interface FleetOptions {
  readonly engine: EngineName;
  /** One relay for each. */
  readonly providers: readonly string[];
  readonly workers: number;
  readonly concurrency: number;
  readonly maxInFlight: number;
  readonly handlerMs: number;
  /** Whether handlers fail now and then. */
  readonly fails: boolean;
  /** Whether acknowledgements at the queue are written down, as a count of all promises needs. */
  readonly isWatched: boolean;
  /** For how long a killed worker's events are held, in ms. */
  readonly leaseMs: number;
  /** For how long a killed relay's feed is held, in ms. */
  readonly relayLeaseMs: number;
  readonly fault?: FaultName | undefined;
}

/** One provider, as the fleet knows it. */
interface Served {
  readonly provider: DemoProvider;
  readonly task: Task;
  readonly ledger: Ledger;
}

/** A process of the fleet, and how it is started again. */
interface Member {
  readonly name: string;
  readonly child: Child;
}

/** What the processes took, in us of CPU since they were ready; of those that were ended in order. */
export type Usage = ReadonlyMap<string, number>;

/** Relays, workers and what is between them, in processes of their own, against the providers' emulators. */
export class Fleet {
  readonly engine: Engine;
  readonly admin: Admin;
  readonly served: ReadonlyMap<string, Served>;
  readonly kills: Kill[] = [];
  readonly usage = new Map<string, number>();
  readonly #options: FleetOptions;
  readonly #emulator: Child;
  readonly #programs: Programs;
  readonly #folder: string;
  readonly #place: Place;
  readonly #lines: LineFile<FleetLine>;
  readonly #ready = new Set<string>();
  readonly #members = { relay: [] as Member[], worker: [] as Member[] };
  #started = 0;

  private constructor(
    parts: Pick<Fleet, "engine" | "admin" | "served"> & {
      readonly options: FleetOptions;
      readonly emulator: Child;
      readonly programs: Programs;
      readonly folder: string;
    },
  ) {
    this.engine = parts.engine;
    this.admin = parts.admin;
    this.served = parts.served;
    this.#options = parts.options;
    this.#emulator = parts.emulator;
    this.#programs = parts.programs;
    this.#folder = parts.folder;
    this.#lines = new LineFile(join(parts.folder, "record.jsonl"));
    const { name: engine, url } = parts.engine;
    this.#place = { engine, url, folder: parts.folder, leaseMs: parts.options.leaseMs };
  }

  /** Starts all of it; `undefined` where the engine is not on this machine. */
  static async start(options: FleetOptions): Promise<Fleet | undefined> {
    const folder = await mkdtemp(join(tmpdir(), "ackloop-fleet-"));
    const engine = await startEngine(options.engine, folder);
    if (engine === undefined) {
      await rm(folder, { recursive: true });
      return undefined;
    }
    const [emulator, programs] = await Promise.all([startEmulator(), buildPrograms()]);
    const { origin, connections } = emulator.announcement;
    const served = new Map<string, Served>();
    for (const name of options.providers) {
      const provider = await providerOf(name);
      const connection = connections[name] ?? {};
      const port = await freePort();
      const opened = await provider.open(
        connection,
        `http://127.0.0.1:${port}/?secret=${webhookSecret}`,
      );
      const task: Task = { provider: name, connection, ...opened, port, folder };
      served.set(name, { provider, task, ledger: new Ledger() });
    }
    const admin = new Admin(origin);
    const parts = { options, engine, admin, served, emulator: emulator.child, programs, folder };
    const fleet = new Fleet(parts);
    await makeQueues(fleet.#place, options.providers);
    for (const name of options.providers) fleet.#startRelay(name);
    for (let at = 0; at < options.workers; at += 1) fleet.#startWorker();
    await fleet.#allReady();
    return fleet;
  }

  #nameOf(kind: string): string {
    this.#started += 1;
    return `${kind}-${this.#started}`;
  }

  #startRelay(provider: string): void {
    const source = this.served.get(provider)?.task;
    if (source === undefined) throw new Error(`the fleet does not serve ${provider}`);
    const name = this.#nameOf(`relay-${provider}`);
    const { fault, relayLeaseMs: leaseMs } = this.#options;
    const common = { name, place: this.#place, record: this.#lines.file, fault };
    const child = this.#programs.startRelay({ ...common, source, leaseMs });
    this.#members.relay.push({ name, child });
  }

  #startWorker(): void {
    const { providers, concurrency, maxInFlight, handlerMs } = this.#options;
    const { fails, isWatched, fault } = this.#options;
    const name = this.#nameOf("worker");
    const common = { name, place: this.#place, record: this.#lines.file, fault };
    const told = { providers, concurrency, maxInFlight, handlerMs, fails, isWatched };
    this.#members.worker.push({ name, child: this.#programs.startWorker({ ...common, ...told }) });
  }

  async #allReady(): Promise<void> {
    const all = [...this.#members.relay, ...this.#members.worker];
    const endsAt = performance.now() + 20_000;
    while (!all.every(({ name }) => this.#ready.has(name))) {
      if (performance.now() > endsAt) throw new Error("a process of the fleet is never ready");
      this.readLines();
      await wait(20);
    }
  }

  /** Publishes events of a provider, numbered from a number. */
  async publish(provider: string, from: number, count: number): Promise<void> {
    const served = this.served.get(provider);
    if (served === undefined) throw new Error(`the fleet does not serve ${provider}`);
    const events = Array.from({ length: count }, (_, at) => toNumbered(from + at));
    await this.admin.post(provider, "publish", served.provider.publish(served.task.queue, events));
  }

  /** Kills one process with SIGKILL, the one that has lived longest, and starts another in its place. */
  async kill(kind: Killed): Promise<void> {
    if (kind === "engine") {
      const at = Date.now();
      await this.engine.kill?.();
      this.kills.push({ kind, name: this.engine.name, at });
      return;
    }
    const member = this.#members[kind].shift();
    if (member === undefined) throw new Error(`there is no ${kind}`);
    this.kills.push({ kind, name: member.name, at: Date.now() });
    await member.child.kill("SIGKILL");
    this.#startLike(kind, member.name);
  }

  /** Reads what the processes have written down since. */
  readLines(): void {
    for (const line of this.#lines.readNew()) {
      if (line.kind === "ready") this.#ready.add(line.by);
      else if (line.kind === "usage") this.usage.set(line.by, line.cpuUs ?? 0);
      else this.served.get(line.provider)?.ledger.add(line);
    }
  }

  /** Reads what the emulators and the processes have written down since; starts again who has ended by itself. */
  async look(): Promise<void> {
    for (const [name, { ledger }] of this.served) {
      ledger.addJournal(await readJournal(this.admin, name, ledger.lastSeq));
    }
    this.readLines();
    this.#supervise();
  }

  /** What a supervisor does: on a machine that stands still for long, a relay may lose its lease. */
  #supervise(): void {
    for (const kind of ["relay", "worker"] as const) {
      for (const member of this.#members[kind].filter(({ child }) => child.hasEnded())) {
        this.#members[kind] = this.#members[kind].filter((one) => one !== member);
        this.kills.push({ kind: "itself", name: member.name, at: Date.now() });
        this.#startLike(kind, member.name);
      }
    }
    // Where the engine keeps the leases too, each of its crashes may end every relay.
    const of = (wanted: Kill["kind"]) => this.kills.filter(({ kind }) => kind === wanted).length;
    if (of("itself") > 20 + this.served.size * of("engine")) {
      throw new Error("the processes of the fleet end by themselves, again and again");
    }
  }

  #startLike(kind: "relay" | "worker", name: string): void {
    if (kind === "worker") this.#startWorker();
    else this.#startRelay(name.replace(/^relay-(.*)-\d+$/, "$1"));
  }

  /** What became of the events, by provider. */
  count(): ReadonlyMap<string, Count> {
    const { leaseMs } = this.#options;
    const counts = new Map<string, Count>();
    for (const [name, { ledger, provider }] of this.served) {
      counts.set(name, ledger.count(this.kills, provider.idIn !== undefined, leaseMs));
    }
    return counts;
  }

  /** How many events no worker has finished. */
  left(): Promise<number> {
    return leftIn(this.#place, this.#options.providers);
  }

  /** How many events would still come, when all workers have stopped. */
  coming(): Promise<number> {
    return comingFrom(this.#place, this.#options.providers);
  }

  /** Ends relays and workers in order, and reads the last that they say. */
  async stop(): Promise<void> {
    const all = Object.values(this.#members).flat();
    await Promise.all(all.map(({ child }) => child.kill("SIGTERM")));
    this.#members.relay = [];
    this.#members.worker = [];
    this.readLines();
  }

  async close(): Promise<void> {
    const all = Object.values(this.#members).flat();
    await Promise.all(all.map(({ child }) => child.kill("SIGKILL")));
    await this.#emulator.kill("SIGTERM");
    await this.engine.close();
    await this.#programs.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The number-th event; number 70 is poison. */
function toNumbered(number: number) {
  return { number, code: `${number === 70 ? "poison" : "order"}-${number}` };
}
