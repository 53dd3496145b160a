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
  if (isPlain(value)) return copyMembers(value as Members, copies);
  if (!Array.isArray(value)) return copyOther(value, copies);
  if (!isBuiltIn(Object.getPrototypeOf(value), Array.prototype, "splice")) return value;
  const list: unknown[] = [];
  copies.set(value, list);
  for (const item of value) list.push(copyOf(item, copies));
  return list;
}

type Members = Record<string, unknown>;

function copyMembers(from: Members, copies: Map<object, unknown>): Members {
  const to: Members = {};
  copies.set(from, to);
  for (const name of Object.keys(from)) {
    const value = copyOf(from[name], copies);
    // JSON may hold this name: to assign to it would set the prototype.
    if (name !== "__proto__") to[name] = value;
    else Object.defineProperty(to, name, { ...OPEN, value });
  }
  return to;
}

const OPEN = Object.freeze({ enumerable: true, writable: true, configurable: true });

function copyOther(value: object, copies: Map<object, unknown>): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  const copied = (member: unknown): unknown => copyOf(member, copies);
  if (prototype === Map.prototype) {
    const map = new Map<unknown, unknown>();
    copies.set(value, map);
    for (const [name, item] of value as typeof map) map.set(copied(name), copied(item));
    return map;
  }
  if (prototype === Set.prototype) {
    const set = new Set<unknown>();
    copies.set(value, set);
    for (const item of value as typeof set) set.add(copied(item));
    return set;
  }
  const copy = CLONED.has(prototype) ? structuredClone(value) : value;
  copies.set(value, copy);
  return copy;
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
