import type { AdminCommands } from "../definition.ts";
import { isRecord, Refusal } from "../exchange.ts";
import { checkNames } from "../options.ts";
import { type TikiEventInput, toEvent } from "./queues.ts";

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
  /** Puts events into a queue that no pull shows. */
  hide(queueCode: string, count?: number): void;
  /** A code as the browser would bring it back. */
  authorize(request: {
    readonly clientId: string;
    readonly sid?: string | undefined;
    readonly scopes: readonly string[];
  }): string;
  /** Makes a seller active or inactive. */
  setSellerActive(sid: string, active: boolean): void;
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
      const events = listOf(rest, "events") as readonly TikiEventInput[];
      return { ids: emulator.publish(textOf({ queue }, "queue"), events) };
    },
    publishRaw(body: unknown) {
      const { queue, ...rest } = toBody(body);
      emulator.publishRaw(textOf({ queue }, "queue"), listOf(rest, "items"));
    },
    emit(body: unknown) {
      const given = listOf(toBody(body), "events") as readonly TikiEventInput[];
      const events = given.map(toEvent);
      return {
        emitted: events.map(({ type, payload, ...facts }) => emulator.emit(type, payload, facts)),
      };
    },
    hide(body: unknown) {
      const { queue, ...rest } = toBody(body);
      checkNames("tiki: hide, beside its queue,", rest, ["count"]);
      emulator.hide(textOf({ queue }, "queue"), rest["count"] as number | undefined);
    },
    authorize(body: unknown) {
      const { sid, ...rest } = toBody(body);
      checkNames("tiki: authorize, beside its sid,", rest, ["clientId", "scopes"]);
      const scopes = listOf(rest, "scopes").map(String);
      const of = sid === undefined ? {} : { sid: textOf({ sid }, "sid") };
      return { code: emulator.authorize({ clientId: textOf(rest, "clientId"), scopes, ...of }) };
    },
    setSellerActive(body: unknown) {
      const { active, ...rest } = toBody(body);
      if (typeof active !== "boolean") throw new Refusal(400, "active must be true or false");
      emulator.setSellerActive(textOf(rest, "sid"), active);
    },
    waiting: (body: unknown) => ({ waiting: emulator.waiting(textOf(toBody(body), "queue")) }),
    revokeTokens: () => emulator.revokeTokens(),
  };
}
