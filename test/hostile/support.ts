import fc from "fast-check";
import { expect } from "vitest";
import { type AckloopError, isAckloopError } from "../../src/core/errors.ts";

/** Texts of JSON that no honest server sends, each put in the place of one value. */
const fragments: readonly string[] = [
  "null",
  "true",
  "0",
  "-0",
  "1e400",
  "-1e400",
  "1e308",
  "123456789012345678901234567890",
  "9".repeat(1_000),
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\ud800"',
  '"2026-13-45T99:99:99Z"',
  '"+275760-09-13T00:00:00.000+00:00"',
  `"${"x".repeat(100_000)}"`,
  "[]",
  "{}",
  '[["a",{}]]',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  '{"id":1,"id":"two","id":null}',
  '{"toString":1,"valueOf":null,"length":-1,"then":1,"~standard":1}',
  `[${"null,".repeat(5_000)}null]`,
  `${"[".repeat(10_000)}${"]".repeat(10_000)}`,
  `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
];

interface Change {
  readonly kind: "replace" | "remove" | "rename" | "repeat";
  readonly at: number;
  readonly fragment: string;
  readonly name: string;
}

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("replace", "replace", "remove", "rename", "repeat"),
    at: fc.nat(),
    fragment: fc.constantFrom(...fragments),
    name: fc.constantFrom("__proto__", "constructor", "prototype", "toString", "ID", ""),
  }),
  { minLength: 1, maxLength: 4 },
);

type Container = Record<string, unknown> | unknown[];

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

/** Every place of a value inside of another, the root's own wrapping included. */
function placesIn(value: Container): readonly (readonly [Container, string])[] {
  const places: [Container, string][] = [];
  const open: Container[] = [value];
  for (const container of open) {
    for (const [key, member] of Object.entries(container)) {
      places.push([container, key]);
      if (isContainer(member)) open.push(member);
    }
  }
  return places;
}

/** Sets a member of whatever name: `__proto__` is one like any other. */
function put(members: Record<string, unknown>, name: string, value: unknown): void {
  const known = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(members, name, known);
}

/** Marks where a fragment goes once the document is text. */
const markOf = (index: number) => `\u0001${index}\u0001`;

function changed(document: unknown, list: readonly Change[]): string {
  const root: Container = { root: structuredClone(document) };
  for (const [index, { kind, at, name }] of list.entries()) {
    const places = placesIn(root);
    const place: readonly [Container, string] = places[at % places.length] ?? [root, "root"];
    const [container, key] = place;
    const members = container as Record<string, unknown>;
    if (kind === "replace" || container === root) put(members, key, markOf(index));
    else if (kind === "remove") delete members[key];
    else if (kind === "repeat") put(members, `${key}\u0002`, markOf(index));
    else put(members, name, members[key]);
  }
  let text = JSON.stringify(root["root" as keyof Container]) ?? "";
  for (const [index, { fragment }] of list.entries()) {
    text = text.replaceAll(JSON.stringify(markOf(index)), () => fragment);
  }
  // A member that was repeated gets the name of the first one: a duplicate key.
  return text.replaceAll("\\u0002", "");
}

/** Text of a document in which up to four values were spoilt. */
export function spoiltText(document: unknown): fc.Arbitrary<string> {
  return changes.map((list) => changed(document, list));
}

/** Bytes of a document that was spoilt, and perhaps cut, or not UTF-8, or not JSON at all. */
export function spoiltBytes(document: unknown): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const damage = fc.record({
    kind: fc.constantFrom("none", "none", "none", "cut", "bytes", "bom", "twice", "noise"),
    at: fc.nat(),
    noise: fc.uint8Array({ maxLength: 40 }),
  });
  return fc.tuple(spoiltText(document), damage).map(([text, { kind, at, noise }]) => {
    const bytes = new TextEncoder().encode(text);
    const place = at % (bytes.length + 1);
    if (kind === "cut") return bytes.slice(0, place);
    if (kind === "bytes") return joined(bytes.slice(0, place), [0xff, 0xc0], bytes.slice(place));
    if (kind === "bom") return joined([0xef, 0xbb, 0xbf], bytes);
    if (kind === "twice") return joined(bytes, bytes);
    return kind === "noise" ? Uint8Array.from(noise) : bytes;
  });
}

function joined(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A `fetch` that answers everything with the same bytes. */
export function answering(body: BodyInit, init: ResponseInit = {}): typeof globalThis.fetch {
  return async () => new Response(init.status === 204 ? null : body, init);
}

const prototypes = [Object.prototype, Array.prototype, String.prototype, Function.prototype];
const membersBefore = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);

/** No prototype that everything shares has been changed. */
export function expectCleanPrototypes(): void {
  expect(prototypes.map((prototype) => Reflect.ownKeys(prototype).length)).toEqual(membersBefore);
  expect("polluted" in {}).toBe(false);
}

/** Lets a call end in any way but an error that is not ours. */
export async function endsWell<Result>(
  call: () => Promise<Result> | Result,
): Promise<Result | AckloopError> {
  try {
    return await call();
  } catch (error) {
    if (isAckloopError(error)) return error;
    throw error;
  } finally {
    expectCleanPrototypes();
  }
}

/** Holds a property for random input; a failure prints the seed that repeats it. */
export async function holds<Value>(
  arbitrary: fc.Arbitrary<Value>,
  property: (value: Value) => Promise<unknown>,
  numRuns = 40,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, async (value) => {
      await property(value);
    }),
    { numRuns, interruptAfterTimeLimit: 4_000, markInterruptAsFailure: false },
  );
}
