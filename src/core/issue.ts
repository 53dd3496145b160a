import type { SchemaIssue } from "./standard-schema.ts";

/** The longest path that is shown, in characters: its keys may be a provider's. */
const maxPathLength = 200;

/** Writes where an issue is, such as `events[3].id`, from where the value stands that was checked. */
export function pathOf(start: string, steps: NonNullable<SchemaIssue["path"]>): string {
  let path = start;
  for (const step of steps) {
    const key = typeof step === "object" ? step.key : step;
    if (typeof key === "number") path += `[${key}]`;
    else if (/^[\w$-]+$/.test(String(key))) path += path === "" ? String(key) : `.${String(key)}`;
    else path += `[${JSON.stringify(String(key))}]`;
  }
  return path.length <= maxPathLength ? path : `${path.slice(0, maxPathLength - 1)}…`;
}

/**
 * Says what the schema wants. The message of an issue is not used: libraries put the value that they
 * met into it.
 */
export function expectationOf(issue: (SchemaIssue & IssueExtras) | undefined): string {
  const { expected, format, values, minimum, maximum, code } = issue ?? {};
  if (typeof expected === "string" && !isMessage(code)) return `expected ${expected}`;
  if (typeof format === "string") return `expected the format ${format}`;
  if (Array.isArray(values)) return `expected one of ${values.map(String).join(", ")}`;
  if (minimum !== undefined) return `expected at least ${String(minimum)}`;
  if (maximum !== undefined) return `expected at most ${String(maximum)}`;
  return typeof code === "string" ? `does not fit (${code})` : "does not fit";
}

/** Whether what arktype expects is put together of messages, with the value in them. */
function isMessage(code: unknown): boolean {
  return code === "union" || code === "intersection";
}

/** What zod, valibot and arktype add to an issue: parts of the schema, none of the value. */
interface IssueExtras {
  readonly code?: unknown;
  readonly expected?: unknown;
  readonly format?: unknown;
  readonly values?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
}
