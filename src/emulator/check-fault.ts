import { copied, isRecord } from "./exchange.ts";
import type { Fault, FaultKind } from "./fault.ts";
import { checkNames, isHeaders } from "./options.ts";

/** What a fault may have besides what every one may. */
const members: Readonly<Record<FaultKind, readonly string[]>> = {
  status: ["status", "body", "retryAfter"],
  delay: ["ms"],
  cut: [],
  lostReply: [],
  truncate: [],
  stall: [],
  garbage: [],
  html: ["status"],
  oversize: ["bytes"],
  headers: ["headers"],
  duplicate: [],
  skew: ["ms"],
};
/** The calls that bring events, by the names that all the emulators have: there alone something can come twice. */
const delivering = ["pull", "list", "consume", "notify"];

/** Whether an operation brings events. */
export function isDelivering(operation: string): boolean {
  return delivering.includes(operation);
}

const shared = ["kind", "operation", "count", "after", "probability"];

/** The statuses that have no body. */
const bodiless = [204, 205, 304];

function checkNumber(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new TypeError(`fault: ${name} must be a number from ${min} to ${max}`);
  }
}

function checkWhole(name: string, value: unknown, min: number, max?: number): void {
  if (value === undefined) return;
  const whole = Number.isSafeInteger(value) ? Number(value) : Number.NaN;
  if (whole >= min && whole <= (max ?? whole)) return;
  const range = max === undefined ? `${min}` : `${min} to ${max}`;
  throw new TypeError(`fault: ${name} must be a whole number from ${range}`);
}

function checkRequired(kind: string, name: string, value: unknown): void {
  if (value === undefined) throw new TypeError(`fault: ${kind} needs ${name}`);
}

/** Checks a fault that may have come as JSON from another process. */
export function checkFault(fault: Fault, known: readonly string[]): void {
  if (!isRecord(fault)) throw new TypeError("fault: it must be an object");
  const { kind, operation } = fault;
  if (!Object.hasOwn(members, kind)) {
    throw new TypeError(`fault: kind must be one of ${Object.keys(members).join(", ")}`);
  }
  checkNames(`fault: ${kind}`, fault, [...(kind === "skew" ? ["kind"] : shared), ...members[kind]]);
  const operations: readonly unknown[] =
    typeof operation === "string" ? [operation] : (operation ?? known);
  if (!Array.isArray(operations) || operations.length === 0) {
    throw new TypeError("fault: operation must be a name or a list of names");
  }
  if (!operations.every((name) => known.includes(name as string))) {
    throw new TypeError(`fault: operation must be one of ${known.join(", ")}`);
  }
  if (kind === "duplicate" && operation !== undefined && !operations.every(isDelivering)) {
    const names = known.filter(isDelivering).join(", ");
    throw new TypeError(`fault: duplicate hits calls that bring events: ${names}`);
  }
  checkWhole("count", fault.count, 1);
  checkWhole("after", fault.after, 0);
  checkNumber("probability", fault.probability, 0, 1);
  checkEffect(fault);
}

function checkEffect(fault: Fault): void {
  switch (fault.kind) {
    case "status":
      checkRequired(fault.kind, "status", fault.status);
      checkWhole("status", fault.status, 200, 599);
      toRetryAfter(fault.retryAfter);
      if (fault.body === undefined) break;
      copied("fault: body", fault.body);
      if (bodiless.includes(fault.status)) {
        throw new TypeError(`fault: an answer of status ${fault.status} has no body`);
      }
      break;
    case "html":
      checkWhole("status", fault.status, 200, 599);
      if (bodiless.includes(fault.status ?? 502)) {
        throw new TypeError("fault: status must be one that can have a page");
      }
      break;
    case "oversize":
      checkWhole("bytes", fault.bytes, 1, 2 ** 40);
      break;
    case "headers":
      checkRequired(fault.kind, "headers", fault.headers);
      checkHeaders(fault.headers);
      break;
    case "delay":
    case "skew":
      checkRequired(fault.kind, "ms", fault.ms);
      checkNumber("ms", fault.ms, fault.kind === "delay" ? 0 : -(2 ** 50), 2 ** 50);
      break;
  }
}

/** A `Headers` has no members of its own, and would say nothing. */
function checkHeaders(headers: unknown): void {
  if (isHeaders(headers) && Object.keys(headers as object).length > 0) return;
  throw new TypeError("fault: headers must be an object of names and texts that HTTP can send");
}

/**
 * The text of a Retry-After header: whole seconds, or an HTTP date.
 *
 * @throws {TypeError} when it is neither a number of seconds nor a date.
 */
export function toRetryAfter(value: number | string | Date | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= 0) return String(Math.ceil(value));
  const date = new Date(value);
  if (typeof value === "number" || Number.isNaN(date.getTime())) {
    throw new TypeError("fault: retryAfter must be seconds or a date");
  }
  return date.toUTCString();
}
