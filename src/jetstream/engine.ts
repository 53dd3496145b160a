import {
  type ConsumerInfo,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { abortable } from "../core/abort.ts";
import { isAckloopError } from "../core/errors.ts";
import type { CallOptions } from "../core/feed.ts";
import { queueError, toQueueError } from "./error.ts";
import { Leases } from "./leases.ts";
import { consumerDefaults } from "./options.ts";
import type { MadeConsumer, MadeStream } from "./stream.ts";
import { checkMembers, SOUND_CONSUMER, SOUND_STREAM, toNs } from "./stream.ts";

/** What an engine is told of one queue. */
export interface EngineParts {
  readonly connection: NatsConnection;
  /** The stream. */
  readonly name: string;
  /** What the subjects begin with. */
  readonly subject: string;
  /** How many partitions it has; 0 where it keeps no order. */
  readonly partitions: number;
  readonly timeout: number;
  readonly domain: string | undefined;
  readonly apiPrefix: string | undefined;
  /** What the user said of the stream. */
  readonly stream: Partial<MadeStream>;
}

/** What is asked of a server for one queue: the client's own calls, with errors of ours. */
export class Engine {
  readonly parts: EngineParts;
  readonly client: JetStreamClient;
  readonly leases = new Leases();
  #manager: Promise<JetStreamManager> | undefined;

  constructor(parts: EngineParts) {
    this.parts = parts;
    const { connection, timeout, domain, apiPrefix } = parts;
    const told = { timeout, ...(domain && { domain }), ...(apiPrefix && { apiPrefix }) };
    this.client = jetstream(connection, told);
  }

  /** The subject that events are sent to; with partitions, those of one. */
  target(at?: number): string {
    const { subject, partitions } = this.parts;
    return at === undefined ? `${subject}.event` : `${subject}.of${partitions}.${at + 1}`;
  }

  /** What the stream takes: with partitions, only those of their number, so that no other is sent to it. */
  get #ours(): string {
    const { subject, partitions } = this.parts;
    return partitions === 0 ? `${subject}.>` : `${subject}.of${partitions}.*`;
  }

  /** Makes a request of the API; an abort lets the caller go. */
  async ask<Value>(
    operation: string,
    call: (manager: JetStreamManager) => Promise<Value>,
    { signal }: CallOptions = {},
  ): Promise<Value> {
    this.#manager ??= this.client.jetstreamManager(false);
    const manager = this.#manager;
    return await abortable({ signal }, async () => {
      try {
        return await call(await manager);
      } catch (thrown) {
        throw toQueueError(thrown, operation, NO_JETSTREAM);
      }
    });
  }

  /** When the stream was made, which tells it from another of its name. */
  async madeAt(operation: string, call?: CallOptions): Promise<string> {
    return (await this.ask(operation, (api) => api.streams.info(this.parts.name), call)).created;
  }

  /** Checks the stream; gives when it was made. */
  async look(operation: string, call?: CallOptions): Promise<string> {
    const { name, stream } = this.parts;
    const { config, created } = await this.ask(operation, (api) => api.streams.info(name), call);
    this.#checkPartitions(operation, config.subjects);
    const wanted = { retention: "workqueue", ...stream, ...SOUND_STREAM };
    const ours = this.#ours;
    // More of them do no harm.
    const subjects = config.subjects.includes(ours) ? config.subjects : [ours];
    checkMembers(`stream ${name}`, config, { ...wanted, subjects });
    return created;
  }

  /** @throws {AckloopError} `config` where the stream is made for another number of partitions. */
  #checkPartitions(operation: string, subjects: readonly string[]): void {
    const { name, subject, partitions } = this.parts;
    for (const each of subjects.filter((one) => one.startsWith(`${subject}.`))) {
      const found = /^\.of(\d+)\.\*$/.exec(each.slice(subject.length))?.[1];
      const count = each === `${subject}.>` ? 0 : Number(found);
      if (Number.isNaN(count) || count === partitions) continue;
      const inWords = (some: number): string =>
        some === 0 ? "no partitions" : `${some} partitions`;
      const what = `the stream ${name} is made for ${inWords(count)}, not for ${inWords(partitions)}`;
      const text = `${what}; give relay and workers the same, and make another stream for another number`;
      throw queueError("config", operation, text);
    }
  }

  /** Makes the stream where there is none, and checks it. */
  async makeStream(call?: CallOptions): Promise<void> {
    const { name, stream } = this.parts;
    const config: MadeStream = {
      ...{ retention: "workqueue", storage: "file" },
      ...stream,
      ...{ name, subjects: [this.#ours], discard: "new" },
    };
    const make = () => this.ask("ensure", (api) => api.streams.add(config), call);
    await lookOrMake(() => this.look("ensure", call), make);
  }

  /** Whether the stream has an event of this number. */
  async has(operation: string, seq: number): Promise<boolean> {
    const get = (api: JetStreamManager) => api.streams.getMessage(this.parts.name, { seq });
    return (await this.ask(operation, get)) !== null;
  }

  /** Makes the consumer where there is none, and checks it; gives what it is, and how it stands. */
  async makeConsumer(
    operation: string,
    consumer: string,
    told: MadeConsumer,
    call?: CallOptions,
  ): Promise<ConsumerInfo> {
    const { name, subject } = this.parts;
    const look = async (): Promise<ConsumerInfo> => {
      const ask = (api: JetStreamManager) => api.consumers.info(name, consumer);
      const info = await this.ask(operation, ask, call);
      const { config } = info;
      const all = [">", `${subject}.>`].includes(config.filter_subject ?? "");
      const filter_subject = told.filter_subject ?? (all ? config.filter_subject : undefined);
      checkMembers(`consumer ${consumer}`, config, { ...told, ...SOUND_CONSUMER, filter_subject });
      return info;
    };
    const config = { ...CONSUMER, ...told, durable_name: consumer };
    const make = () => this.ask(operation, (api) => api.consumers.add(name, config), call);
    return lookOrMake(look, make);
  }
}

const NO_JETSTREAM =
  "no JetStream answers; is the server started with it (-js), and are `domain` and `apiPrefix` right?";

/** What a consumer is made with. */
const CONSUMER = Object.freeze({
  ack_policy: "explicit",
  deliver_policy: "all",
  replay_policy: "instant",
  max_deliver: -1,
  ...consumerDefaults,
  ack_wait: toNs(consumerDefaults.ack_wait),
});

/** Looks at what is there, and makes it where there is none. Any number of processes may do it at once. */
async function lookOrMake<Value>(
  look: () => Promise<Value>,
  make: () => Promise<unknown>,
): Promise<Value> {
  try {
    return await look();
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  let refusal: unknown;
  await make().catch((error: unknown) => {
    refusal = error;
  });
  try {
    return await look();
  } catch (error) {
    // It was refused for another reason than that somebody else has made it meanwhile.
    throw isMissing(error) && refusal !== undefined ? refusal : error;
  }
}

function isMissing(error: unknown): boolean {
  return isAckloopError(error) && error.code === "notFound";
}
