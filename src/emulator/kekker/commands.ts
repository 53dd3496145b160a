import type { AdminCommands } from "../definition.ts";
import { isRecord } from "../exchange.ts";
import { checkNames } from "../options.ts";
import type { KekkerQueueOperation } from "./operations.ts";
import type { KekkerEventInput } from "./publish.ts";

/** What other processes may do, as the emulator's own methods do it. */
export interface KekkerMethods {
  /** Publishes events. */
  publish(events: readonly KekkerEventInput[], channel?: string): readonly string[];
  /** Adds an operation to the queue, or replaces one. */
  setOperation(operation: KekkerQueueOperation, queueId?: bigint, channel?: string): bigint;
  /** How many events are unprocessed. */
  unprocessed(channel?: string): number;
}

/** The commands of other processes: the methods of the emulator, over JSON. */
export function kekkerCommands(emulator: KekkerMethods): AdminCommands {
  return {
    publish(body) {
      const { events, channel } = toBody(body, ["events", "channel"]);
      if (!Array.isArray(events) || !events.every(isRecord)) {
        throw new TypeError(
          "kekker: publish takes { events: [{ category, event, ... }], channel }",
        );
      }
      const given = events as readonly unknown[] as readonly KekkerEventInput[];
      return { eventUids: emulator.publish(given, toChannel(channel)) };
    },
    setOperation(body) {
      const { operation, queueId, channel } = toBody(body, ["operation", "queueId", "channel"]);
      if (!isRecord(operation)) {
        throw new TypeError(
          "kekker: setOperation takes { operation: { status, ... }, queueId, channel }",
        );
      }
      const { localDealId: long } = operation;
      // Text, as JSON has no number for every long.
      const localDealId = typeof long === "string" && /^\d{1,19}$/.test(long) ? BigInt(long) : long;
      const given = { ...operation, localDealId } as unknown as KekkerQueueOperation;
      const id = emulator.setOperation(given, toQueueId(queueId), toChannel(channel));
      return { queueId: String(id) };
    },
    unprocessed(body) {
      return { unprocessed: emulator.unprocessed(toChannel(toBody(body, ["channel"])["channel"])) };
    },
  };
}

function toBody(body: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  checkNames("kekker: the body", body, known);
  return body as Readonly<Record<string, unknown>>;
}

function toChannel(channel: unknown): string | undefined {
  if (channel === undefined || typeof channel === "string") return channel;
  throw new TypeError("kekker: channel must be text");
}

/** Text, as JSON has no number for every long. */
function toQueueId(queueId: unknown): bigint | undefined {
  if (queueId === undefined) return undefined;
  if (/^\d{1,19}$/.test(String(queueId))) return BigInt(String(queueId));
  throw new TypeError("kekker: queueId must be a whole number, or one as text");
}
