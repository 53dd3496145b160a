import { describe, expectTypeOf, it } from "vitest";
import type * as z from "zod/mini";
import {
  type WorkatoWireError,
  type WorkatoWireMessage,
  type WorkatoWireReplies,
  workato,
} from "../../../src/providers/workato/index.ts";

import type * as wire from "../../../src/providers/workato/wire.ts";

const { topics, messages } = workato({ token: "t" });
const field = {
  control_type: "text",
  label: "Order ID",
  name: "OrderId",
  optional: false,
  type: "string",
} as const;
const { control_type: _c, ...noControl } = field;
const { label: _l, ...noLabel } = field;
const { name: _n, ...noName } = field;
const { optional: _o, ...noOptional } = field;
const { type: _t, ...noType } = field;

describe("what the documents of Workato call required, or optional", () => {
  it("W-028 a list is sorted by activity, name or id", () => {
    (): unknown => [topics.list(), topics.list({ sort: "activity" })];
    // @ts-expect-error there is no such order
    (): unknown => topics.list({ sort: "size" });
  });

  it("W-044 a topic needs a name", () => {
    // @ts-expect-error the name is missing
    (): unknown => topics.create({ schema: [] });
  });

  it("W-046 a topic needs a schema", () => {
    // @ts-expect-error the schema is missing
    (): unknown => topics.create({ name: "a" });
  });

  it("W-055 a field needs its control_type", () => {
    (): unknown => topics.create({ name: "a", schema: [field] });
    // @ts-expect-error it is missing
    (): unknown => topics.create({ name: "a", schema: [noControl] });
  });

  it("W-056 a field needs its label", () => {
    // @ts-expect-error it is missing
    (): unknown => topics.create({ name: "a", schema: [noLabel] });
  });

  it("W-057 a field says whether it is optional", () => {
    // @ts-expect-error it is missing
    (): unknown => topics.create({ name: "a", schema: [noOptional] });
  });

  it("W-058 a field needs its type", () => {
    // @ts-expect-error it is missing
    (): unknown => topics.create({ name: "a", schema: [noType] });
  });

  it("W-059 a field needs its name", () => {
    // @ts-expect-error it is missing
    (): unknown => topics.create({ name: "a", schema: [noName] });
  });

  it("W-064 retention and description may be left out", () => {
    const all = { name: "a", schema: [], retentionSeconds: 1, description: "b" };

    (): unknown => [topics.create({ name: "a", schema: [] }), topics.create(all)];
  });

  it("W-074 a topic's id is needed, a number or text", () => {
    (): unknown => [topics.get(1), topics.get("1")];
    // @ts-expect-error the id is missing
    (): unknown => topics.get();
  });

  it("W-085 an update needs nothing", () => {
    (): unknown => topics.update(1, {});
  });

  it("W-095 nor do the fields of an update", () => {
    const schema = [noControl, noLabel, noName, noOptional, noType, {}];

    (): unknown => topics.update(1, { schema });
  });

  it("W-205 a consume needs the topic alone", () => {
    (): unknown => messages.consume(1);
    // @ts-expect-error the topic is missing
    (): unknown => messages.consume();
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
    interface Read {
      readonly consume: z.input<typeof wire.wireConsume>;
      readonly publish: z.input<typeof wire.wirePublish>;
      readonly publishBatch: z.input<typeof wire.wireBatchPublish>;
      readonly topics: z.input<typeof wire.wireTopics>;
      readonly topic: z.input<typeof wire.wireTopicReply>;
      readonly done: z.input<typeof wire.wireDone>;
    }

    expectTypeOf<Writable<WorkatoWireReplies>>().toExtend<Read>();
    expectTypeOf<WorkatoWireError>().toExtend<z.input<typeof wire.wireError>>();
    expectTypeOf<
      WorkatoWireReplies["consume"]["messages"][number]
    >().toEqualTypeOf<WorkatoWireMessage>();
  });
});
