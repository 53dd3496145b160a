import type { AdminCommands } from "../definition.ts";
import { isRecord, Refusal } from "../exchange.ts";
import type { TikiEventInput } from "./queues.ts";

/** What other processes may do, as the emulator's own methods do it. */
export interface TikiMethods {
  /** Makes a queue; gives its code. */
  createQueue(name: string): string;
  /** Puts events into a queue; gives their ids. */
  publish(queueCode: string, events: readonly TikiEventInput[]): readonly string[];
  /** Puts values into a queue as they are. */
  publishRaw(queueCode: string, items: readonly unknown[]): void;
  /** Lets something happen. */
  emit(type: string, payload: unknown, facts?: Partial<TikiEventInput>): unknown;
  /** How many events are not acknowledged. */
  waiting(queueCode: string): number;
  /** Ends all access tokens. */
  revokeTokens(): void;
}

function listOf(body: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const list = body[name];
  if (Array.isArray(list)) return list;
  throw new Refusal(400, `${name} must be a list`);
}

function textOf(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value === "string" && value !== "") return value;
  throw new Refusal(400, `${name} must be a text`);
}

function isEventInput(value: unknown): value is TikiEventInput {
  return isRecord(value) && typeof value["type"] === "string" && "payload" in value;
}

function toEventInput(value: unknown): TikiEventInput {
  if (isEventInput(value)) return value;
  throw new Refusal(400, "an event must have type and payload");
}

function toBody(body: unknown): Readonly<Record<string, unknown>> {
  if (isRecord(body)) return body;
  throw new Refusal(400, "the body must be an object");
}

/** The commands of other processes: the methods of the emulator, over JSON. */
export function tikiCommands(emulator: TikiMethods): AdminCommands {
  return {
    createQueue: (body: unknown) => ({ code: emulator.createQueue(textOf(toBody(body), "name")) }),
    publish(body: unknown) {
      const { queue, ...rest } = toBody(body);
      const events = listOf(rest, "events").map(toEventInput);
      return { ids: emulator.publish(textOf({ queue }, "queue"), events) };
    },
    publishRaw(body: unknown) {
      const { queue, ...rest } = toBody(body);
      emulator.publishRaw(textOf({ queue }, "queue"), listOf(rest, "items"));
    },
    emit(body: unknown) {
      const events = listOf(toBody(body), "events").map(toEventInput);
      return {
        emitted: events.map(({ type, payload, ...facts }) => emulator.emit(type, payload, facts)),
      };
    },
    waiting: (body: unknown) => ({ waiting: emulator.waiting(textOf(toBody(body), "queue")) }),
    revokeTokens: () => emulator.revokeTokens(),
  };
}
