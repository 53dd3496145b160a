import type { AdminCommands } from "../definition.ts";
import { isRecord, Refusal } from "../exchange.ts";
import type { WorkatoTopicInput } from "./topics.ts";

/** What happens without a request. */
export interface WorkatoMethods {
  /**
   * Makes a topic without a request; gives its id. Its fields need not be complete.
   *
   * @throws {TypeError} without a name, and past `maxTopics`.
   */
  createTopic(name: string, topic?: Omit<WorkatoTopicInput, "name">): number;
  /**
   * Puts messages into a topic, whatever its schema is; gives their ids, in order.
   *
   * @throws {TypeError} when the topic does not exist.
   */
  publish(topicId: string | number, payloads: readonly unknown[]): readonly string[];
  /** Puts values in the place of messages as they are, for malformed ones. */
  publishRaw(topicId: string | number, items: readonly unknown[]): void;
  /** Removes all messages of a topic: every cursor into it is unknown from then on. */
  purge(topicId: string | number): void;
  /** Ends a token: the next call with it gets 401. */
  revoke(token: string): void;
}

/** The same, for other processes: JSON in, JSON out. */
export function workatoCommands({
  createTopic,
  publish,
  publishRaw,
  purge,
  revoke,
}: WorkatoMethods): AdminCommands {
  return {
    createTopic(body) {
      const { name, ...topic } = isRecord(body) ? body : {};
      return { id: createTopic(name as string, topic) };
    },
    publish(body) {
      const payloads = isRecord(body) ? body["payloads"] : undefined;
      if (!Array.isArray(payloads)) throw new Refusal(400, "payloads must be a list");
      return { ids: publish(toTopicId(body), payloads) };
    },
    publishRaw(body) {
      const items = isRecord(body) ? body["items"] : undefined;
      if (!Array.isArray(items)) throw new Refusal(400, "items must be a list");
      publishRaw(toTopicId(body), items);
    },
    purge: (body) => purge(toTopicId(body)),
    revoke(body) {
      const token = isRecord(body) ? body["token"] : undefined;
      if (typeof token !== "string") throw new Refusal(400, "token must be text");
      revoke(token);
    },
  };
}

function toTopicId(body: unknown): string | number {
  const id = isRecord(body) ? body["topicId"] : undefined;
  if (typeof id === "string" || typeof id === "number") return id;
  throw new Refusal(400, "topicId must be a number or text");
}
