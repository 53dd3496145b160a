import { isObject } from "../../../core/options.ts";
import { kindOf } from "../../../providers/workato/topic-schema.ts";
import { Failure } from "../../failure.ts";

/** The members of a field that say something of its values, in the order they are written. */
const members = ["name", "type", "of", "optional", "properties"] as const;

/** Topics whose type or schema would have the name of an import. */
const taken = ["Topic", "WorkatoTopic"];

/** As many fields stand inside of one another at the most. */
const DEEPEST = 50;

/**
 * Writes the TypeScript of a topic's schema, from what the API or a file says of the topic.
 *
 * @param described A topic, the answer of `GET /topics/:id`, or the list of fields alone.
 * @throws {Failure} for what is none of these.
 */
export function toTypeScript(described: unknown): string {
  const { name, id, schema } = toTopic(described);
  const words =
    toWords(name ?? "message")
      .map(capital)
      .join("") || "Message";
  const title = taken.includes(words) ? `${words}Message` : words;
  const constant = `${title.charAt(0).toLowerCase()}${title.slice(1)}Schema`;
  const named = name === undefined ? "a topic" : `the topic ${inComment(name)}`;
  const topic = id === undefined ? named : `${named} (${inComment(id)})`;
  return `// Made by \`ackloop generate\`: when the schema of the topic changes, make it anew.
import { topicSchema, type WorkatoTopicData } from "ackloop/workato";

// The fields of ${topic}.
const fields = ${fieldsOf(schema, "schema", 0)} as const;

/** What a message says. */
export type ${title}Data = WorkatoTopicData<typeof fields>;

/** Checks what a message says: for the option \`schema\` of a feed, or before publishing. */
export const ${constant} = topicSchema(fields);
`;
}

interface Topic {
  readonly name?: string | undefined;
  readonly id?: string | undefined;
  readonly schema: unknown;
}

function toTopic(described: unknown): Topic {
  if (Array.isArray(described)) return { schema: described };
  const { data = described } = Object(described) as { readonly data?: unknown };
  const { name, id, schema } = Object(data) as Record<string, unknown>;
  const isNamed = typeof name === "string" && name !== "";
  return {
    name: isNamed ? name : undefined,
    id: typeof id === "string" || typeof id === "number" ? String(id) : undefined,
    schema,
  };
}

function fieldsOf(fields: unknown, where: string, depth: number): string {
  if (!Array.isArray(fields)) throw new Failure(`${where} must be a list of fields`);
  if (depth > DEEPEST) throw new Failure(`${where} is more than ${DEEPEST} deep`);
  if (fields.length === 0) return "[]";
  const indent = "  ".repeat(depth + 1);
  const lines = fields.map(
    (field, at) => `${indent}${fieldOf(field, `${where}[${at}]`, depth)},\n`,
  );
  return `[\n${lines.join("")}${indent.slice(2)}]`;
}

function fieldOf(field: unknown, where: string, depth: number): string {
  if (!isObject(field) || typeof field["name"] !== "string") {
    throw new Failure(`${where} must be a field with a name`);
  }
  const { optional, of } = field;
  if (typeof (optional ?? false) !== "boolean" || typeof (of ?? "") !== "string") {
    throw new Failure(`${where} must have true or false as \`optional\`, and a text as \`of\``);
  }
  const given: Record<string, unknown> = { ...field, type: kindOf(field) };
  const written = members.flatMap((member) => {
    const value = given[member];
    if (value === undefined || value === null) return [];
    const text =
      member === "properties"
        ? fieldsOf(value, `${where}.properties`, depth + 1)
        : JSON.stringify(value);
    return [`${member}: ${text}`];
  });
  return `{ ${written.join(", ")} }`;
}

/** The words of a name, as far as an identifier can hold them. */
function toWords(name: string): string[] {
  const words = name.split(/[^\p{ID_Continue}]+|_/u).filter(Boolean);
  return /^\p{ID_Start}/u.test(words[0] ?? "x") ? words : ["topic", ...words];
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** A text in a comment of one line: no sign of it can end the line. */
function inComment(text: string): string {
  return JSON.stringify(text).replace(/[\u0080-\uffff]/g, (sign) =>
    /[\u2028\u2029]/.test(sign) ? " " : sign,
  );
}
