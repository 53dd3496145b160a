import { isRecord } from "../exchange.ts";

/** The kinds of fields whose values are checked; a value of any other kind fits. */
const kinds: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  date_time: isTime,
  timestamp: isTime,
  date: isTime,
  object: isRecord,
  array: Array.isArray,
};

function isTime(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

/**
 * What of a payload does not fit a topic's schema, as `field: text`; an empty list when it fits.
 *
 * Fields that the schema does not name are let through. An absent or null field fits when it is
 * optional.
 */
export function findViolations(
  schema: readonly unknown[],
  payload: Readonly<Record<string, unknown>>,
  prefix = "",
): readonly string[] {
  return schema.flatMap((field) => {
    if (!isRecord(field) || typeof field["name"] !== "string") return [];
    const path = `${prefix}${field["name"]}`;
    const value = payload[field["name"]];
    if (value === undefined || value === null) {
      return field["optional"] === false ? [`${path}: is required`] : [];
    }
    return checkField(field, value, path);
  });
}

/** What stands in a payload and not in its topic's schema; a topic without fields takes everything. */
export function findUnknown(
  schema: readonly unknown[],
  payload: Readonly<Record<string, unknown>>,
): readonly string[] {
  const names = schema.map((field) => (isRecord(field) ? field["name"] : undefined));
  if (names.length === 0) return [];
  return Object.keys(payload)
    .filter((name) => !names.includes(name))
    .map((name) => `${name}: is unknown`);
}

function checkField(
  field: Readonly<Record<string, unknown>>,
  value: unknown,
  path: string,
): readonly string[] {
  const { type, properties, of } = field;
  if (!fits(type, value)) return [`${path}: must be ${String(type)}`];
  const members = Array.isArray(properties) ? properties : undefined;
  if (isRecord(value) && members) return findViolations(members, value, `${path}.`);
  if (!Array.isArray(value)) return [];
  return value.flatMap((element, index) => {
    if (members && isRecord(element)) return findViolations(members, element, `${path}.${index}.`);
    const kind = members ? "object" : of;
    return fits(kind, element) ? [] : [`${path}.${index}: must be ${String(kind)}`];
  });
}

function fits(kind: unknown, value: unknown): boolean {
  const test = typeof kind === "string" && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  return test === undefined || test(value);
}
