import { describe, expect, it } from "vitest";
import { parseJson } from "../../../src/core/json.ts";
import type { SchemaResult } from "../../../src/core/standard-schema.ts";
import { topicSchema, type WorkatoTopicField } from "../../../src/providers/workato/index.ts";
import { fixture } from "./support.ts";

function validate(fields: readonly WorkatoTopicField[], value: unknown): SchemaResult<unknown> {
  const result = topicSchema(fields)["~standard"].validate(value);
  if (result instanceof Promise) throw new Error("the schema must answer at once");
  return result;
}

const paths = (result: SchemaResult<unknown>) => result.issues?.map(({ path }) => path?.join("."));

const order: readonly WorkatoTopicField[] = [
  { name: "order", type: "string", control_type: "text", label: "Order", optional: false },
  { name: "total", type: "number", control_type: "number", label: "Total", optional: true },
  {
    name: "customer",
    type: "object",
    optional: false,
    properties: [{ name: "email", type: "string", control_type: "email", optional: false }],
  },
  {
    name: "lines",
    type: "array",
    of: "object",
    optional: true,
    properties: [{ name: "quantity", type: "integer", optional: false }],
  },
  { name: "tags", type: "array", of: "string", optional: true },
];

describe("topicSchema", () => {
  it("gives back the very value that fits, unknown fields included", () => {
    const value = {
      order: "1",
      total: null,
      customer: { email: "a@example.com", vip: true },
      lines: [{ quantity: 2 }],
      tags: ["new"],
      extra: 7,
    };

    const result = validate(order, value);

    expect(result.issues).toBeUndefined();
    expect(result).toHaveProperty("value", value);
  });

  it("names every field that does not fit by its path", () => {
    const value = {
      order: 1,
      total: "12",
      customer: {},
      lines: [{ quantity: 2 }, { quantity: 1.5 }, "x"],
      tags: ["new", 7],
    };

    expect(paths(validate(order, value))).toEqual([
      "order",
      "total",
      "customer.email",
      "lines.1.quantity",
      "lines.2",
      "tags.1",
    ]);
  });

  it.each([
    ["string", "a", 1],
    ["integer", 1, 1.5],
    ["integer", parseJson("9007199254740993"), "9007199254740991"],
    ["number", parseJson("-12345678901234567890"), "many"],
    ["number", 1.5, "1.5"],
    ["boolean", true, "true"],
    ["date_time", "2024-09-25T09:47:54.089-07:00", "09:47"],
    ["timestamp", "2024-09-25T09:47:54Z", 5],
    ["date", "2024-09-25", "25.9.2024"],
    ["object", {}, []],
    ["array", [], {}],
  ])("checks a field of the type %s", (type, good, bad) => {
    const fields = [{ name: "field", type, optional: false }];

    expect(validate(fields, { field: good }).issues).toBeUndefined();
    expect(paths(validate(fields, { field: bad }))).toEqual(["field"]);
  });

  it.each([
    ["checkbox", true, "yes"],
    ["text-area", "a", 1],
    ["number", 1, "1"],
  ])("goes by the control type %s where there is no type", (control_type, good, bad) => {
    const fields = [{ name: "field", control_type }];

    expect(validate(fields, { field: good }).issues).toBeUndefined();
    expect(paths(validate(fields, { field: bad }))).toEqual(["field"]);
  });

  it("lets any value of an unknown kind through, and any element of an array without a kind", () => {
    const fields = [
      { name: "a", type: "geo_point" },
      { name: "b", type: "constructor" },
      { name: "c", type: "array" },
      { name: "d", control_type: "select" },
      { name: "e" },
    ];

    const result = validate(fields, { a: 1, b: {}, c: [1, "x"], d: 5, e: true });

    expect(result.issues).toBeUndefined();
  });

  it("takes absent and null for a field that is optional or does not say, and for no other", () => {
    const fields = [
      { name: "a", type: "string", optional: true },
      { name: "b", type: "string" },
      { name: "toString", type: "string", optional: false },
    ];

    expect(paths(validate(fields, { a: null }))).toEqual(["toString"]);
    expect(paths(validate(fields, { toString: null }))).toEqual(["toString"]);
  });

  it.each([["text"], [null], [[]], [undefined]])(
    "refuses %s in the place of the object",
    (value) => {
      expect(paths(validate(order, value))).toEqual([""]);
    },
  );

  it("reads the schema of a topic as Workato sends it", () => {
    const { data } = fixture("assumed-topic") as { data: { schema: readonly WorkatoTopicField[] } };

    expect(validate(data.schema, { order: "1", total: 2.5 }).issues).toBeUndefined();
    expect(paths(validate(data.schema, { total: "2.5" }))).toEqual(["order", "total"]);
  });

  it.each([
    [undefined, "schema must be a list of fields"],
    [[{}], "schema[0] must be a field with a name"],
    [
      [{ name: "a", type: "object", properties: [{ name: "b" }, null] }],
      "schema[0].properties[1] must be a field with a name",
    ],
  ])("refuses a schema that is none", (fields, text) => {
    expect(() => topicSchema(fields as readonly WorkatoTopicField[])).toThrow(text);
  });
});
