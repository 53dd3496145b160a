import type { EmulatorTools } from "../definition.ts";
import { Refusal } from "../exchange.ts";
import { type Bell, createBell } from "../wait.ts";
import type { WorkatoAssumptions } from "./assumptions.ts";
import { createMessageLog, type MessageLog } from "./message-log.ts";

/** What a topic is made of. */
export interface WorkatoTopicInput {
  /** Its name. */
  readonly name: string;
  /** The fields of its messages. @default none: every object fits */
  readonly schema?: readonly unknown[] | undefined;
  /** How long messages are kept, in seconds. @default 604_800 */
  readonly retention?: number | undefined;
  /** What it is for. @default as the assumption `noDescription` says, "" */
  readonly description?: string | undefined;
}

/** A topic with its messages. */
export interface HeldTopic {
  /** Its id. */
  readonly id: number;
  name: string;
  description: string | null;
  /** In seconds. */
  retention: number;
  schema: readonly unknown[];
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms. */
  updatedAt: number;
  /** When something happened at it last, epoch ms. */
  activeAt: number;
  /** The messages. */
  readonly log: MessageLog;
  /** Rings when something is published. */
  readonly bell: Bell;
}

/** The topics of a workspace. */
export interface Topics {
  /** Makes a topic. */
  create(input: WorkatoTopicInput): HeldTopic;
  /**
   * The topic of an id as it stands in a path, without the messages that are too old.
   *
   * @throws {Refusal} 404 when there is none.
   */
  find(id: string | number): HeldTopic;
  /** All topics, in the order of their ids. */
  all(): readonly HeldTopic[];
  /** Removes a topic's messages, and its statistics: of these the order by activity is all that is seen. */
  purge(topic: HeldTopic): void;
  /** Takes a topic off, and wakes those who wait at it. */
  remove(topic: HeldTopic): void;
}

/** How long messages are kept where nobody says, in seconds: 168 hours. */
export const defaultRetention = 604_800;

/** The id of the first topic, that of the documents' examples. */
const firstId = 334_525;

/** Makes an empty workspace. */
export function createTopics(
  { clock, random }: Pick<EmulatorTools, "clock" | "random">,
  { noDescription }: Pick<WorkatoAssumptions, "noDescription">,
): Topics {
  const topics = new Map<string, HeldTopic>();
  let nextId = firstId;
  return {
    create({ name, schema = [], retention = defaultRetention, description }) {
      const now = clock.now();
      const id = nextId;
      nextId += 1;
      const topic: HeldTopic = {
        ...{ id, name, description: description ?? noDescription, retention, schema },
        ...{ createdAt: now, updatedAt: now, activeAt: now },
        log: createMessageLog(random(`message of ${id}`)),
        bell: createBell(),
      };
      topics.set(String(id), topic);
      return topic;
    },
    find(id) {
      const topic = topics.get(String(id));
      if (!topic) throw new Refusal(404, "Not found");
      topic.log.expire(clock.now() - topic.retention * 1_000);
      return topic;
    },
    all: () => [...topics.values()],
    purge(topic) {
      topic.log.purge();
      topic.activeAt = topic.createdAt;
    },
    remove(topic) {
      topics.delete(String(topic.id));
      topic.bell.ring();
    },
  };
}
