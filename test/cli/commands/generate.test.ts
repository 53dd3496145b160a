import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, expectTypeOf, it } from "vitest";
import { toTypeScript } from "../../../src/cli/providers/workato/generate.ts";
import { providers } from "../../../src/cli/providers.ts";
import { workatoEmulator } from "../../../src/emulator/index.ts";
import { drain } from "../../../src/index.ts";
import { workato } from "../../../src/providers/workato/index.ts";
import { memoryStores } from "../../../src/stores/index.ts";
import { emulated, folder } from "../emulated.ts";
import { start } from "../support.ts";
import { type SalesOrdersData, salesOrdersSchema } from "./fixtures/sales-orders.ts";

const field = (name: string, type: string, more: object = {}) => ({
  ...{ name, type, control_type: "text", label: name, optional: true },
  ...more,
});
const schema = [
  field("number", "string", { optional: false }),
  field("total", "number"),
  field("placed_at", "date_time", { optional: false }),
  field("paid", "", { type: undefined, control_type: "checkbox" }),
  field("customer", "object", { properties: [field("id", "integer", { optional: false })] }),
  field("lines", "array", {
    of: "object",
    optional: false,
    properties: [
      field("sku", "string", { optional: false }),
      field("tags", "array", { of: "string" }),
    ],
  }),
];
const good = {
  number: "A-1",
  placed_at: "2026-12-01T10:00:00Z",
  lines: [{ sku: "x", tags: ["new"] }],
};

/** A topic of an emulator, and what leads the command line to it. */
async function topic() {
  const [provider] = Object.values(providers).filter(({ generate }) => generate);
  if (!provider) throw new Error("no provider generates");
  const emulator = workatoEmulator({ seed: 1, requestsPerMinute: Number.POSITIVE_INFINITY });
  const id = emulator.createTopic("Sales orders", { schema });
  return { ...(await emulated(provider, emulator)), workatoEmulator: emulator, id };
}

describe("ackloop generate", () => {
  it("writes what the API says of a topic; the code compiles, and is in the tree", async () => {
    const { environment } = await topic();
    const out = join(folder(), "sales-orders.ts");

    const line = ["generate", "workato", "--topic", "Sales orders", "--out", out];
    const { code, written } = start(line, { environment });

    expect(await code).toBe(0);
    expect(written.err).toBe(`written to ${out}\n`);
    await expect(readFileSync(out, "utf8")).toMatchFileSnapshot("fixtures/sales-orders.ts");
  });

  it("says in its help which providers it is for", async () => {
    const { code, written } = start("generate --help");
    const able = Object.entries(providers).filter(([, { generate }]) => generate);

    expect(await code).toBe(0);
    expect(written.out).toContain(`For ${able.map(([name]) => name).join(", ")} alone: `);
  });

  it("makes types of the fields", () => {
    expectTypeOf<SalesOrdersData["number"]>().toEqualTypeOf<string>();
    expectTypeOf<SalesOrdersData["total"]>().toEqualTypeOf<number | string | null | undefined>();
    expectTypeOf<SalesOrdersData["paid"]>().toEqualTypeOf<boolean | null | undefined>();
    expectTypeOf<SalesOrdersData["lines"][number]["sku"]>().toEqualTypeOf<string>();
  });

  it("makes a schema that takes what the provider serves, and refuses what does not fit", async () => {
    const { workatoEmulator: emulator, connection, id } = await topic();
    const { token = "", baseUrl } = connection;
    emulator.publish(id, [
      good,
      { ...good, number: 7 },
      { ...good, lines: [{}] },
      { ...good, more: 1 },
    ]);
    const { cursors, deadLetters } = memoryStores();
    const client = workato({ token, baseUrl });
    const feed = client.feed(id, { cursor: cursors, consumer: "me", schema: salesOrdersSchema });
    const numbers: string[] = [];
    const reasons: string[] = [];

    const { handled } = await drain(feed, ({ data }) => void numbers.push(data.number), {
      unprocessable: "deadLetter",
      deadLetters,
      logger: false,
      onReport: (report) => {
        if (report.kind === "deadLettered") reasons.push(report.reason);
      },
    });

    expect(handled).toBe(2);
    expect(numbers).toEqual(["A-1", "A-1"]);
    expect(reasons).toEqual([
      "data.number of message does not fit its schema: expected text",
      "data.lines[0].sku of message does not fit its schema: expected a value",
    ]);
  });

  it("writes the same from a file: the topic, the API's answer, or its fields", async () => {
    const file = join(folder(), "topic.json");
    const wanted = readFileSync(new URL("fixtures/sales-orders.ts", import.meta.url), "utf8");
    const facts = { id: JSON.parse(/\("(\d+)"\)/.exec(wanted)?.[1] ?? ""), name: "Sales orders" };
    for (const content of [{ ...facts, schema }, { data: { ...facts, schema } }]) {
      writeFileSync(file, JSON.stringify(content));
      const { code, written } = start(["generate", "workato", "--file", file]);
      expect(await code).toBe(0);
      expect(written.out).toBe(wanted);
    }
    writeFileSync(file, JSON.stringify(schema));
    const { code, written } = start(["generate", "workato", "--file", file, "--json"]);
    expect(await code).toBe(0);
    expect(JSON.parse(written.out).code).toContain("export const messageSchema =");
  });

  it.each([
    ['evil */ \n alert(1) //" \u2028 x', "EvilAlert1XData", "evilAlert1XSchema"],
    ["123", "Topic123Data", "topic123Schema"],
    ["delete", "DeleteData", "deleteSchema"],
    ["Đơn hàng", "ĐơnHàngData", "đơnHàngSchema"],
    ["!!!", "MessageData", "messageSchema"],
    ["topic", "TopicMessageData", "topicMessageSchema"],
    ["workato topic", "WorkatoTopicMessageData", "workatoTopicMessageSchema"],
  ])("makes names of %j that are none of the language's", (name, type, constant) => {
    const code = toTypeScript({ name, id: 1, schema: [] });

    expect(code).toContain(`export type ${type} =`);
    expect(code).toContain(`export const ${constant} =`);
    expect(code.split(/[\n\u2028\u2029]/)).toHaveLength(12);
  });

  it.each([
    [null, "schema must be a list of fields"],
    [{ name: "x" }, "schema must be a list of fields"],
    [[{ type: "string" }], "schema[0] must be a field with a name"],
    [[{ name: "x", optional: "yes" }], "schema[0] must have true or false as `optional`"],
    [
      [{ name: "x", type: "array", of: 7 }],
      "schema[0] must have true or false as `optional`, and a text as `of`",
    ],
    [[field("a", "object", { properties: [1] })], "schema[0].properties[0] must be a field"],
  ])("says what is wrong with %j", async (content, message) => {
    const file = join(folder(), "topic.json");
    writeFileSync(file, JSON.stringify(content));
    const { code, written } = start(["generate", "workato", "--file", file]);

    expect(await code).toBe(1);
    expect(written.err).toContain(message);
  });

  it("lets a file alone that was written by hand, and writes its own anew", async () => {
    const path = folder();
    const [file, out] = [join(path, "topic.json"), join(path, "orders.ts")];
    writeFileSync(file, JSON.stringify(schema));
    const line = ["generate", "workato", "--file", file, "--out", out];
    expect(await start(line).code).toBe(0);
    expect(await start(line).code).toBe(0);
    writeFileSync(out, "export const mine = 1;\n");
    const { code, written } = start(line);

    expect(await code).toBe(1);
    expect(written.err).toContain("was not made by this command");
    expect(readFileSync(out, "utf8")).toBe("export const mine = 1;\n");
  });

  it.each([
    ["generate workato", 2, "give either --topic or --file"],
    ["generate workato --topic a --file b", 2, "give either --topic or --file"],
    ["generate tiki --topic a", 2, "Tiki tells no schemas"],
    ["generate workato --topic a", 1, "WORKATO_TOKEN"],
    ["generate workato --file /nowhere/topic.json", 1, "cannot be read (ENOENT)"],
  ])("%s ends with %i", async (line, exitCode, message) => {
    const { code, written } = start(line);

    expect(await code).toBe(exitCode);
    expect(written.err).toContain(message);
    expect(existsSync("/nowhere")).toBe(false);
  });
});
