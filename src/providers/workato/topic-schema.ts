import { AckloopError } from "../../core/errors.ts";
import type { SchemaIssue, StandardSchemaV1 } from "../../core/standard-schema.ts";
import type { WorkatoData } from "./event.ts";
import { isJsonObject } from "./wire.ts";

/**
 * One field of a topic's schema, in Workato's own words.
 *
 * Further keys, such as `label`, `parse_output` or `render_input`, are allowed and mean nothing here.
 */
export interface WorkatoTopicField {
  /** The field's name in the payload; the fields of an update need none. */
  readonly name?: string | undefined;
  /** Its kind: `string`, `integer`, `number`, `boolean`, `date_time`, `date`, `object`, `array`, ... */
  readonly type?: string | undefined;
  /** The input that Workato shows for it; tells the kind where `type` is absent. */
  readonly control_type?: string | undefined;
  /** The name that Workato shows for it. */
  readonly label?: string | undefined;
  /** Whether it may be absent or null. @default true */
  readonly optional?: boolean | undefined;
  /** The fields of an object, or of each element of an array of objects. */
  readonly properties?: readonly WorkatoTopicField[] | undefined;
  /** The kind of each element of an array. */
  readonly of?: string | undefined;
  readonly [key: string]: unknown;
}

/** A field of a new topic: Workato wants these five of each. */
export interface WorkatoNewTopicField extends WorkatoTopicField {
  /** The field's name in the payload. */
  readonly name: string;
  /** Its kind, such as `string`, `integer`, `date_time`. */
  readonly type: string;
  /** The input that Workato shows for it, such as `text`. */
  readonly control_type: string;
  /** The name that Workato shows for it. */
  readonly label: string;
  /** Whether it may be absent or null. */
  readonly optional: boolean;
}

/** The value of a field. A whole number past 2^53 is text, as a feed gives it. */
type ValueOf<Field> = Field extends {
  readonly properties: infer Members extends readonly unknown[];
}
  ? Field extends { readonly type: "array" }
    ? readonly DataOf<Members>[]
    : DataOf<Members>
  : Field extends { readonly type: infer Kind }
    ? Kind extends "array"
      ? readonly (Field extends { readonly of: infer Of }
          ? ValueOf<{ readonly type: Of }>
          : unknown)[]
      : Kind extends keyof Values
        ? Values[Kind]
        : unknown
    : unknown;

interface Values {
  readonly string: string;
  readonly integer: number | string;
  readonly number: number | string;
  readonly boolean: boolean;
  readonly date_time: string;
  readonly date: string;
  readonly object: WorkatoData;
}

type IsNeeded = { readonly optional: false };
type Name<Field> = Field extends { readonly name: infer Text extends string } ? Text : never;

/** What a list of fields describes; fields that it does not name are let through, and unknown. */
type DataOf<Fields extends readonly unknown[]> = WorkatoData & {
  readonly [Field in Extract<Fields[number], IsNeeded> as Name<Field>]: ValueOf<Field>;
} & {
  readonly [Field in Exclude<Fields[number], IsNeeded> as Name<Field>]?:
    | ValueOf<Field>
    | null
    | undefined;
};

/**
 * The data of a topic whose fields are written down `as const`; of a topic whose fields are known at
 * run time alone, any object.
 */
export type WorkatoTopicData<Fields extends readonly WorkatoTopicField[]> =
  string extends Fields[number]["name"] ? WorkatoData : DataOf<Fields>;

type Path = readonly PropertyKey[];

/** Adds what does not fit to `issues`. */
type Check = (value: unknown, path: Path, issues: SchemaIssue[]) => void;

/** The kinds that say something of a value; any other kind lets every value through. */
const kinds: Readonly<Record<string, { readonly text: string; test(value: unknown): boolean }>> = {
  string: { text: "text", test: (value) => typeof value === "string" },
  integer: {
    text: "a whole number",
    test: (value) => Number.isInteger(value) || isLongInteger(value),
  },
  number: {
    text: "a number",
    test: (value) => typeof value === "number" || isLongInteger(value),
  },
  boolean: { text: "true or false", test: (value) => typeof value === "boolean" },
  date_time: { text: "a date and time", test: (value) => isInstant(value, /^\d{4}-\d\d-\d\d[T ]/) },
  date: { text: "a date", test: (value) => isInstant(value, /^\d{4}-\d\d-\d\d/) },
  object: { text: "an object", test: isJsonObject },
  array: { text: "a list", test: (value) => Array.isArray(value) },
};

/** Words for the kinds that stand in `type`, `of` or `control_type` beside the kinds' own names. */
const synonyms: Readonly<Record<string, string>> = {
  timestamp: "date_time",
  checkbox: "boolean",
  text: "string",
  "text-area": "string",
  "plain-text": "string",
  "plain-text-area": "string",
  email: "string",
  phone: "string",
  url: "string",
};

/**
 * Makes a validator of a topic's schema, as `topics.get` gives it: a Standard Schema, for `schema` of
 * a feed or for your own checks before publishing.
 *
 * It checks, and changes nothing: the value that comes out is the one that went in. It is as lenient
 * as a schema that lives elsewhere must be read: fields that it does not name are let through, an
 * `optional` field may be absent or null, and a kind of field that is not known here fits every value.
 * A whole number past 2^53 is text, as a feed gives it. Fields that are written in the call give the
 * data its type.
 *
 * Assumed: a field without `optional` is optional, `date_time` and `date` travel as ISO 8601 text, and
 * `properties` of an `array` describe its elements. A topic whose own messages do not pass would show
 * it wrong.
 *
 * @throws {AckloopError} `config` when `fields` is not a list of fields with names.
 * Source: docs.workato.com/workato-api/event-streams.html, the fields of `schema`, read 2026-11.
 */
export function topicSchema<const Fields extends readonly WorkatoTopicField[]>(
  fields: Fields,
): StandardSchemaV1<unknown, WorkatoTopicData<Fields>> {
  const check = toObjectCheck(fields, "schema");
  return {
    "~standard": {
      version: 1,
      vendor: "ackloop",
      validate: (value) => {
        const issues: SchemaIssue[] = [];
        check(value, [], issues);
        if (issues.length > 0 || !isJsonObject(value)) return { issues };
        // The checks have found what the fields say.
        return { value: value as WorkatoTopicData<Fields> };
      },
    },
  };
}

function toObjectCheck(fields: unknown, where: string): Check {
  const checks = toFields(fields, where).map((field, index) =>
    toMemberCheck(field, toCheck(field, `${where}[${index}]`)),
  );
  return (value, path, issues) => {
    if (isJsonObject(value)) for (const check of checks) check(value, path, issues);
    else issues.push(misfit("an object", path));
  };
}

/** Checks one member of an object that is known to be one. */
function toMemberCheck({ name, optional }: NamedField, check: Check) {
  return (value: WorkatoData, path: Path, issues: SchemaIssue[]): void => {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    if (member !== undefined && member !== null) check(member, [...path, name], issues);
    else if (optional === false)
      issues.push({ ...misfit("a value", [...path, name]), message: "is required" });
  };
}

function toCheck(field: WorkatoTopicField, where: string): Check {
  const kind = kindOf(field);
  const hasProperties = field.properties !== undefined && field.properties !== null;
  if (kind === "object" && hasProperties) {
    return toObjectCheck(field.properties, `${where}.properties`);
  }
  if (kind !== "array") return toKindCheck(kind);
  const element = hasProperties
    ? toObjectCheck(field.properties, `${where}.properties`)
    : toKindCheck(toKind(field.of));
  return toListCheck(element);
}

function toListCheck(element: Check): Check {
  const isList = toKindCheck("array");
  return (value, path, issues) => {
    isList(value, path, issues);
    if (!Array.isArray(value)) return;
    for (const [index, member] of value.entries()) element(member, [...path, index], issues);
  };
}

function toKindCheck(name: string | undefined): Check {
  const kind = name !== undefined && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  return (value, path, issues) => {
    if (kind && !kind.test(value)) issues.push(misfit(kind.text, path));
  };
}

/** Readers of an issue take what is expected, and leave messages alone. */
function misfit(expected: string, path: Path): SchemaIssue & { readonly expected: string } {
  return { message: `must be ${expected}`, expected, path };
}

/** The kind of a field; where no type is said, the input that is shown for it tells. */
export function kindOf({ type, control_type }: WorkatoTopicField): string | undefined {
  return toKind(type ?? control_type);
}

function toKind(word: unknown): string | undefined {
  if (typeof word !== "string") return undefined;
  return Object.hasOwn(synonyms, word) ? synonyms[word] : word;
}

/** A whole number past 2^53 is text, since that is how an answer's is read: exact. */
function isLongInteger(value: unknown): boolean {
  if (typeof value !== "string" || !/^-?[1-9]\d{15,}$/.test(value)) return false;
  return !Number.isSafeInteger(Number(value));
}

function isInstant(value: unknown, form: RegExp): boolean {
  return typeof value === "string" && form.test(value) && !Number.isNaN(Date.parse(value));
}

/** A field of which a payload can be checked. */
type NamedField = WorkatoTopicField & { readonly name: string };

function toFields(fields: unknown, where: string): readonly NamedField[] {
  if (!Array.isArray(fields)) throw wrongSchema(`${where} must be a list of fields`);
  for (const [index, field] of fields.entries()) {
    if (!isJsonObject(field) || typeof field["name"] !== "string") {
      throw wrongSchema(`${where}[${index}] must be a field with a name`);
    }
  }
  return fields;
}

function wrongSchema(message: string): AckloopError {
  return new AckloopError("config", message, { provider: "workato", operation: "topicSchema" });
}
