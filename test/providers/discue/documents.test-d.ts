import { describe, expectTypeOf, it } from "vitest";
import type * as z from "zod/mini";
import {
  type DiscueBodyForm,
  type DiscueWireCall,
  type DiscueWireError,
  type DiscueWireReplies,
  discue,
} from "../../../src/providers/discue/index.ts";

import type { wireError, wireReplies } from "../../../src/providers/discue/wire.ts";

const client = discue({ apiKey: "k" });
const urls = { notifyUrl: "https://myapp.io/n", livenessUrl: "https://myapp.io/l" };

describe("what the documents of discue call mandatory", () => {
  it("D-005 a queue's name suffices", () => {
    (): unknown => client.queues.create({ name: "q" });
  });

  it("D-028 a listener needs a name", () => {
    (): unknown => client.listeners.create("q", { name: "l", ...urls });
    // @ts-expect-error the name is missing
    (): unknown => client.listeners.create("q", urls);
  });

  it("D-029 a listener needs a notify_url", () => {
    // @ts-expect-error the address is missing
    (): unknown => client.listeners.create("q", { name: "l", livenessUrl: "https://myapp.io/l" });
  });

  it("D-030 a listener needs a liveness_url", () => {
    // @ts-expect-error the address is missing
    (): unknown => client.listeners.create("q", { name: "l", notifyUrl: "https://myapp.io/n" });
  });

  it("D-042 a message needs data, and nothing else", () => {
    (): unknown => client.messages.create("q", { data: "x" });
    // @ts-expect-error the data is missing
    (): unknown => client.messages.create("q", { name: "m" });
  });

  it("D-103 a queue needs nothing, in the reference", () => {
    (): unknown => client.queues.create({});
  });

  it("D-127 a change of a listener needs none of the three", () => {
    (): unknown => client.listeners.update("q", "l", {});
  });

  it("D-188 both facts of a usage event are needed to read on behind it", () => {
    // @ts-expect-error the time is missing
    (): unknown => client.events.list({ after: { id: "a" } });
    // @ts-expect-error the id is missing
    (): unknown => client.events.list({ after: { storedAt: "2026-01-01T00:00:00Z" } });
  });

  it("D-224 an object needs props, an array items, and every rule a type", () => {
    (): unknown => client.queues.create({ schema: { a: { type: "object", props: {} } } });
    // @ts-expect-error the props are missing
    (): unknown => client.queues.create({ schema: { a: { type: "object" } } });
    // @ts-expect-error the items are missing
    (): unknown => client.queues.create({ schema: { a: { type: "array" } } });
    // @ts-expect-error there is no such type
    (): unknown => client.queues.create({ schema: { a: { type: "date" } } });
  });

  it("D-314 a domain needs a name, a hostname and a port", () => {
    // @ts-expect-error the name is missing
    (): unknown => client.domains.create({ hostname: "example.com", port: 443 });
    // @ts-expect-error the hostname is missing
    (): unknown => client.domains.create({ name: "shop", port: 443 });
    // @ts-expect-error the port is missing
    (): unknown => client.domains.create({ name: "shop", hostname: "example.com" });
  });
});

/** A schema's input is written without `readonly`. */
type Writable<T> = T extends readonly (infer Item)[]
  ? Writable<Item>[]
  : T extends object
    ? { -readonly [Name in keyof T]: Writable<T[Name]> }
    : T;

describe("the wire's types", () => {
  it("are what the client reads", () => {
    type Read = { [Name in keyof typeof wireReplies]: z.input<(typeof wireReplies)[Name]> };

    expectTypeOf<Writable<DiscueWireReplies>>().toExtend<Pick<Read, keyof DiscueWireReplies>>();
    expectTypeOf<DiscueWireError>().toExtend<z.input<typeof wireError>>();
    expectTypeOf<keyof DiscueWireCall>().toEqualTypeOf<DiscueBodyForm>();
  });
});
