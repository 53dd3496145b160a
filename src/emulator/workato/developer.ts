import type { Route } from "../definition.ts";
import { isRecord, json } from "../exchange.ts";
import { badRequest, type Guard } from "./access.ts";
import type { WorkatoAssumptions } from "./assumptions.ts";
import type { WorkatoOperation } from "./operation.ts";
import { defaultRetention, type HeldTopic, type Topics, type WorkatoTopicInput } from "./topics.ts";

/** What the Developer API needs. */
export interface DeveloperState {
  readonly topics: Topics;
  readonly guard: Guard;
  readonly now: () => number;
  /** How many topics a workspace may have. */
  readonly maxTopics: number;
  readonly assumptions: WorkatoAssumptions;
}

type Errors = Record<string, string>;
type Body = Readonly<Record<string, unknown>>;

/** The documented maximum, 90 days, in seconds. */
const maxRetention = 7_776_000;

const success = { data: { status: "success" } };

/** The six calls about topics. */
export function developerRoutes(state: DeveloperState): readonly Route<WorkatoOperation>[] {
  const { topics, guard } = state;
  const one = "/api/event_streams/topics/:topicId";
  return [
    ...collectionRoutes(state),
    ...changeRoutes(state),
    {
      operation: "getTopic",
      method: "GET",
      path: one,
      handle: guard("api", "getTopic", ({ params }) =>
        json({ data: toJson(topics.find(params["topicId"] ?? ""), true) }),
      ),
    },
  ];
}

function collectionRoutes(state: DeveloperState): readonly Route<WorkatoOperation>[] {
  const { topics, guard } = state;
  const path = "/api/event_streams/topics";
  return [
    {
      operation: "listTopics",
      method: "GET",
      path,
      handle: guard("api", "listTopics", ({ url }) => list(state, url.searchParams)),
    },
    {
      operation: "createTopic",
      method: "POST",
      path,
      handle: guard("api", "createTopic", (_call, body) => {
        const errors = findErrors(state, body);
        if (topics.all().length >= state.maxTopics) errors["base"] = "too many topics";
        if (Object.keys(errors).length > 0) return invalid(state, errors);
        const topic = topics.create({ name: "", ...toFields(body) });
        return json({ data: toJson(topic, true) });
      }),
    },
  ];
}

function changeRoutes(state: DeveloperState): readonly Route<WorkatoOperation>[] {
  const { topics, guard } = state;
  const path = "/api/event_streams/topics/:topicId";
  return [
    {
      operation: "updateTopic",
      method: "PUT",
      path,
      handle: guard("api", "updateTopic", ({ params }, body) => {
        const topic = topics.find(params["topicId"] ?? "");
        const errors = findErrors(state, body, topic);
        if (Object.keys(errors).length > 0) return invalid(state, errors);
        update(state, topic, body);
        return json({ data: toJson(topic, true) });
      }),
    },
    {
      operation: "purgeTopic",
      method: "PUT",
      path: `${path}/purge`,
      handle: guard("api", "purgeTopic", ({ params }) => {
        topics.purge(topics.find(params["topicId"] ?? ""));
        return json(success);
      }),
    },
    {
      operation: "deleteTopic",
      method: "DELETE",
      path,
      handle: guard("api", "deleteTopic", ({ params }) => {
        topics.remove(topics.find(params["topicId"] ?? ""));
        return json(success);
      }),
    },
  ];
}

/** Changes a topic as a checked body says. */
function update({ assumptions, now }: DeveloperState, topic: HeldTopic, body: Body): void {
  const { retentionLeftOut, updatedAt, updatedSchema, activity } = assumptions;
  const before = topic.schema;
  if (retentionLeftOut === "default") topic.retention = defaultRetention;
  Object.assign(topic, toFields(body));
  if (updatedSchema === "merges") topic.schema = merged(before, topic.schema);
  if (updatedAt === "now") topic.updatedAt = now();
  if (activity === "changed") topic.activeAt = now();
}

/** The fields of both lists, the later one's in the place of those of the same name. */
function merged(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  const nameOf = (field: unknown): unknown => (isRecord(field) ? field["name"] : field);
  return [...new Map([...before, ...after].map((field) => [nameOf(field), field])).values()];
}

function list({ topics, assumptions }: DeveloperState, query: URLSearchParams): Response {
  const read = (name: string, test: (text: string) => boolean): string | undefined => {
    const text = query.get(name);
    if (text === null || test(text)) return text ?? undefined;
    if (assumptions.wrongQuery === "refuse") throw badRequest("a query has a known value");
    return undefined;
  };
  const isWhole = (text: string): boolean => /^[1-9]\d{0,5}$/.test(text);
  const isFlag = (text: string): boolean => text === "true" || text === "false";
  const order = read("sort", (text) => Object.hasOwn(orders, text)) ?? "id";
  const withSchema = read("include_schema", isFlag) === "true";
  const name = query.get("name") ?? "";
  const data = topics
    .all()
    .filter((topic) => topic.name.includes(name))
    .sort(orders[order])
    .map((topic) => toJson(topic, withSchema));
  const perPage = Number(read("per_page", isWhole) ?? Number.POSITIVE_INFINITY);
  const size = Math.min(perPage, assumptions.topicsPerPage, data.length);
  const from = (Number(read("page", isWhole) ?? 1) - 1) * size;
  return json({ count: data.length, data: data.slice(from, from + size) });
}

const byId = (a: HeldTopic, b: HeldTopic): number => a.id - b.id;

const orders: Readonly<Record<string, (a: HeldTopic, b: HeldTopic) => number>> = {
  id: byId,
  name: (a, b) => a.name.localeCompare(b.name) || byId(a, b),
  activity: (a, b) => b.activeAt - a.activeAt || byId(a, b),
};

/** The fields of a body that was checked. */
function toFields(body: Body): Partial<WorkatoTopicInput> {
  const known = ["name", "schema", "retention", "description"];
  const given = Object.entries(body).filter(
    ([name, value]) => known.includes(name) && value != null,
  );
  return Object.fromEntries(given);
}

/** What is wrong with a new topic, or with a change of one. */
function findErrors({ topics, assumptions }: DeveloperState, body: Body, old?: HeldTopic): Errors {
  const { name, schema, retention, description } = body;
  const { fieldTypes, topicNames } = assumptions;
  const errors: Errors = {};
  const needed = (value: unknown): boolean => !old || value !== undefined;
  if (needed(name) && (typeof name !== "string" || name === "")) errors["name"] = "can't be blank";
  if (topicNames === "unique" && topics.all().some((one) => one !== old && one.name === name)) {
    errors["name"] = "has already been taken";
  }
  if (needed(schema) && !isSchema(schema, !old, fieldTypes)) errors["schema"] = "is invalid";
  if (!isAbsent(retention) && !isRetention(retention)) errors["retention"] = "is invalid";
  if (!isAbsent(description) && typeof description !== "string") {
    errors["description"] = "is invalid";
  }
  return errors;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isRetention(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= maxRetention;
}

const fieldTexts = ["control_type", "label", "name", "type"];

/**
 * In a new topic each field has its `control_type`, `label`, `name`, `optional` and `type`; in an update
 * each of these may be left out. A name stands once, and a type is a known one, in what a field holds too.
 */
function isSchema(value: unknown, isNew: boolean, types: readonly string[]): boolean {
  if (!Array.isArray(value) || !value.every(isRecord)) return false;
  const isText = (text: unknown): boolean => typeof text === "string" && text !== "";
  const may = (member: unknown, test: boolean): boolean => (member === undefined ? !isNew : test);
  const names = value.flatMap(({ name }) => (name === undefined ? [] : [name]));
  return (
    new Set(names).size === names.length &&
    value.every(
      (field) =>
        may(field["optional"], typeof field["optional"] === "boolean") &&
        may(field["type"], types.includes(field["type"] as string)) &&
        (isAbsent(field["of"]) || types.includes(field["of"] as string)) &&
        (isAbsent(field["properties"]) || isSchema(field["properties"], false, types)) &&
        fieldTexts.every((text) => may(field[text], isText(field[text]))),
    )
  );
}

function invalid({ assumptions }: DeveloperState, errors: Errors): Response {
  return json({ message: "Validation failed", errors }, assumptions.invalidTopicStatus);
}

function toJson(topic: HeldTopic, withSchema: boolean): Body {
  const { id, name, description, retention, schema, createdAt, updatedAt } = topic;
  return {
    id,
    name,
    description,
    retention,
    ...(withSchema ? { schema } : {}),
    created_at: toLocal(createdAt),
    updated_at: toLocal(updatedAt),
  };
}

/** The form of a topic's times: ISO with ms and a local offset, -07:00 in the documents' samples. */
function toLocal(at: number): string {
  const offsetMs = 7 * 3_600_000;
  return new Date(at - offsetMs).toISOString().replace("Z", "-07:00");
}
