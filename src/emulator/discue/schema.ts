import { isRecord } from "../exchange.ts";

type Rule = Readonly<Record<string, unknown>>;

/**
 * Says what is wrong with a schema of discue's language; undefined when nothing is.
 *
 * Source: docs.discue.io/api-overview, "Message schemas", read 2026-11.
 */
export function schemaProblem(schema: unknown): string | undefined {
  if (!isRecord(schema)) return "schema must be an object of properties.";
  for (const [name, rule] of Object.entries(schema)) {
    const problem = ruleProblem(rule);
    if (problem !== undefined) return `${name}: ${problem}`;
  }
  return undefined;
}

function ruleProblem(rule: unknown): string | undefined {
  if (!isRecord(rule)) return "a rule must be an object.";
  const { required = true, strict = true } = rule;
  if (typeof required !== "boolean") return "required must be true or false.";
  if (typeof strict !== "boolean") return "strict must be true or false.";
  switch (rule["type"]) {
    case "object":
      return "props" in rule ? schemaProblem(rule["props"]) : "an object needs props.";
    case "array":
      return "items" in rule ? ruleProblem(rule["items"]) : "an array needs items.";
    case "string":
      return limitProblem(rule) ?? textProblem(rule);
    case "number":
      return limitProblem(rule);
    default:
      return "type must be object, array, string or number.";
  }
}

function limitProblem({ min = 0, max = 0 }: Rule): string | undefined {
  return typeof min === "number" && typeof max === "number"
    ? undefined
    : "min and max are numbers.";
}

function textProblem({ pattern = "", enum: words = [] }: Rule): string | undefined {
  if (!Array.isArray(words)) return "enum must be a list.";
  try {
    return typeof pattern === "string" && new RegExp(pattern) ? undefined : "pattern must be text.";
  } catch {
    return "pattern must be a regular expression.";
  }
}

/** Whether a message's `data` conforms. Assumed: it is parsed as JSON first. */
export function conforms(schema: Readonly<Record<string, unknown>>, data: string): boolean {
  try {
    return hasProperties(schema, JSON.parse(data), true);
  } catch {
    return false;
  }
}

function hasProperties(
  props: Readonly<Record<string, unknown>>,
  value: unknown,
  strict: boolean,
): boolean {
  if (!isRecord(value)) return false;
  if (strict && Object.keys(value).some((name) => !Object.hasOwn(props, name))) return false;
  return Object.entries(props).every(([name, rule]) => {
    if (!isRecord(rule)) return false;
    if (!Object.hasOwn(value, name)) return rule["required"] === false;
    return fits(rule, value[name]);
  });
}

function fits(rule: Readonly<Record<string, unknown>>, value: unknown): boolean {
  switch (rule["type"]) {
    case "object":
      return (
        isRecord(rule["props"]) && hasProperties(rule["props"], value, rule["strict"] !== false)
      );
    case "array": {
      const { items } = rule;
      return Array.isArray(value) && isRecord(items) && value.every((item) => fits(items, item));
    }
    case "string":
      return typeof value === "string" && fitsText(rule, value);
    default:
      return typeof value === "number" && isWithin(rule, value);
  }
}

function fitsText(rule: Readonly<Record<string, unknown>>, value: string): boolean {
  const { pattern, enum: words } = rule;
  if (typeof pattern === "string" && !new RegExp(pattern).test(value)) return false;
  if (Array.isArray(words) && !words.includes(value)) return false;
  return isWithin(rule, value.length);
}

function isWithin({ min, max }: Readonly<Record<string, unknown>>, size: number): boolean {
  if (typeof min === "number" && size < min) return false;
  return !(typeof max === "number" && size > max);
}
