import type { FeedEvent } from "./event.ts";

/** Whether an object is a plain one, of whichever realm: all that it is lies in its own members. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || isBuiltIn(prototype as object, Object.prototype, "hasOwnProperty");
}

/** Values whose clone is all that they are. */
const CLONED = new Set<unknown>([Date, ArrayBuffer, Uint8Array].map(({ prototype }) => prototype));

/**
 * Copies plain objects, lists, maps and sets all the way down; what is shared in them stays shared. What
 * has its members from elsewhere, such as an instance of a class, is handed on as it is, and so is a function.
 */
export function copyPlain<Value>(value: Value): Value {
  return copyOf(value, new Map()) as Value;
}

function copyOf(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const copy = emptyAs(value);
  copies.set(value, copy);
  if (copy !== value) fill(copy, value, (member) => copyOf(member, copies));
  return copy;
}

/** What a copy is filled into; the value itself where it is not copied. */
function emptyAs(value: object): object {
  if (isPlain(value)) return {};
  const prototype: object = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return isBuiltIn(prototype, Array.prototype, "splice") ? [] : value;
  if (prototype === Map.prototype) return new Map();
  if (prototype === Set.prototype) return new Set();
  return CLONED.has(prototype) ? structuredClone(value) : value;
}

function fill(copy: object, from: object, copied: (member: unknown) => unknown): void {
  if (Array.isArray(copy)) for (const item of from as unknown[]) copy.push(copied(item));
  else if (copy instanceof Map)
    for (const [name, item] of from as Map<unknown, unknown>) copy.set(copied(name), copied(item));
  else if (copy instanceof Set) for (const item of from as Set<unknown>) copy.add(copied(item));
  else if (isPlain(copy))
    for (const name of Object.keys(from)) set(copy, name, copied(Reflect.get(from, name)));
}

/** JSON may hold `__proto__` as a name: to assign to it would set the prototype. */
function set(to: object, name: string, value: unknown): void {
  if (name !== "__proto__") Reflect.set(to, name, value);
  else
    Object.defineProperty(to, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
}

/** Those of another realm are told by what no others have of their own. */
function isBuiltIn(prototype: object, own: object, member: string): boolean {
  return prototype === own || Object.hasOwn(prototype, member);
}

/** An event whose members are its own: those of a class are neither written nor spread. */
export function toPlainEvent<E extends FeedEvent>(event: E): E {
  if (isPlain(event)) return event;
  const { specversion, id, source, type, time, subject, data } = event;
  return { ...event, specversion, id, source, type, time, subject, data };
}
