import type { AdminCommands } from "../definition.ts";
import { copied, isRecord, Refusal } from "../exchange.ts";
import { asList, type Choices, checkNames, checkWhole, isText } from "../options.ts";
import { addListener, addQueue, fitsSchema, publishMessage } from "./queue-calls.ts";
import type { QueueState } from "./state.ts";
import type { World } from "./world.ts";

/** What a message is made of. */
export interface DiscuePublish {
  readonly name?: string | undefined;
  readonly data: string;
}

/** What a listener is made of; without a `livenessUrl` it is checked at its `notifyUrl`. */
export interface DiscueEmulatorListener {
  /** @default "listener" */
  readonly name?: string | undefined;
  readonly notifyUrl: string;
  readonly livenessUrl?: string | undefined;
}

/** What happens without a request. A queue is named by its id or name. */
export interface DiscueMethods {
  /**
   * Makes a queue; gives its id.
   *
   * @throws {TypeError} for what its POST would be refused for.
   */
  createQueue(name: string, schema?: Readonly<Record<string, unknown>>): string;
  /**
   * Makes a listener of a queue, which is called from then on; gives its id.
   *
   * @throws {TypeError} when there is no such queue, and for what its POST would be refused for.
   */
  createListener(queue: string, listener: DiscueEmulatorListener): string;
  /**
   * Stores messages in a queue, all or none, and gives their ids.
   *
   * @throws {TypeError} when there is no such queue, or a message is none or does not fit its schema.
   */
  publish(queue: string, messages: readonly DiscuePublish[]): readonly string[];
}

const publishChoices: Choices<DiscuePublish> = { name: isText, data: isText };

/** Makes the methods. */
export function createActions(world: World): DiscueMethods {
  const find = (verb: string, queue: string): QueueState => {
    const { queues } = world.state;
    const target = queues.get(queue) ?? [...queues.values()].find(({ name }) => name === queue);
    if (target) return target;
    throw new TypeError(`discue ${verb}: there is no such queue`);
  };

  return {
    createQueue(name, schema) {
      const body = { [world.naming]: name, ...(schema && { schema }) };
      return refusing("createQueue", () => addQueue(world, copied("discue: a queue", body)).id);
    },
    createListener(queue, listener) {
      checkNames("discue createListener", listener, ["name", "notifyUrl", "livenessUrl"]);
      const { name = "listener", notifyUrl, livenessUrl = notifyUrl } = listener;
      const target = find("createListener", queue);
      const body = { [world.naming]: name, notify_url: notifyUrl, liveness_url: livenessUrl };
      return refusing("createListener", () => addListener(world, target, body).id);
    },
    publish(queue, messages) {
      const target = find("publish", queue);
      for (const message of asList("discue publish: messages", messages)) {
        checkWhole<DiscuePublish>("discue publish: a message", message, publishChoices, ["name"]);
      }
      if (!messages.every(({ data }) => fitsSchema(world, target, data))) {
        throw new TypeError("discue publish: a message does not fit the schema");
      }
      return messages.map((message) => publishMessage(world, target, message).id);
    },
  };
}

/** What a call would be answered, as an error of the method. */
function refusing<Made>(verb: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new TypeError(`discue ${verb}: refused with ${error.status}: ${error.message}`);
  }
}

/** The same, for other processes: JSON in, JSON out. */
export function discueCommands({
  createQueue,
  createListener,
  publish,
}: DiscueMethods): AdminCommands {
  return {
    createQueue(body) {
      const { name, schema } = isRecord(body) ? body : {};
      if (typeof name !== "string" || (schema !== undefined && !isRecord(schema))) {
        throw new TypeError("discue createQueue: send { name, schema? }");
      }
      return { id: createQueue(name, schema) };
    },
    createListener(body) {
      const { queue, ...listener } = isRecord(body) ? body : {};
      const texts = [queue, listener["notifyUrl"], ...Object.values(listener)];
      if (!texts.every((text) => typeof text === "string")) {
        throw new TypeError(
          "discue createListener: send { queue, notifyUrl, name?, livenessUrl? }",
        );
      }
      const input = listener as unknown as DiscueEmulatorListener;
      return { id: createListener(String(queue), input) };
    },
    publish(body) {
      const { queue, messages } = isRecord(body) ? body : {};
      if (typeof queue !== "string" || !Array.isArray(messages)) {
        throw new TypeError("discue publish: send { queue, messages: [{ name?, data: string }] }");
      }
      return { ids: publish(queue, messages as DiscuePublish[]) };
    },
  };
}
