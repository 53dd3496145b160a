import { editDistance } from "./edit-distance.ts";
import { AckloopError } from "./errors.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

/** The rules of options by name. What is given by other names is refused. */
export type Table = Readonly<Record<string, AnyRule>>;

/** A rule, whatever its types. */
export interface AnyRule extends RuleParts {
  readonly types: { readonly given: unknown; readonly filled: unknown; readonly needed: boolean };
  read(value: unknown, verb: string, path: string): unknown;
}

/** What a rule is made of. */
interface RuleParts {
  /** What is right, in words that fit behind "must be". */
  readonly must: string;
  /** True when a value is right; a text when it is wrong and more can be said about it. */
  readonly test: (value: unknown) => boolean | string;
  /** Makes of a value that passed what the settings hold. */
  readonly convert?: ((value: unknown, verb: string, path: string) => unknown) | undefined;
  /** What stands for a value that was left out. */
  readonly byDefault?: unknown;
  /** Set where the option may not be left out: what it is, for the message. */
  readonly need?: string | undefined;
  /** The rules of what is inside. */
  readonly table?: Table | undefined;
}

/**
 * What one option must be, and what stands for it where it is left out.
 *
 * `Given` is what a user may give, `Filled` what the settings hold. A rule is optional, without a
 * default, until it says otherwise.
 */
export class Rule<Given, Filled = Given | undefined, Needed extends boolean = false>
  implements AnyRule
{
  /** For the compiler alone. `given` takes and gives the type, so that no other one fits. */
  declare readonly types: {
    readonly given: (value: Given) => Given;
    readonly filled: Filled;
    readonly needed: Needed;
  };
  readonly must: string;
  readonly test: RuleParts["test"];
  readonly convert: RuleParts["convert"];
  readonly byDefault: unknown;
  readonly need: string | undefined;
  readonly table: Table | undefined;

  constructor(parts: RuleParts) {
    this.must = parts.must;
    this.test = parts.test;
    this.convert = parts.convert;
    this.byDefault = parts.byDefault;
    this.need = parts.need;
    this.table = parts.table;
  }

  /** The same rule with a default. */
  or(byDefault: NonNullable<Filled>): Rule<Given, NonNullable<Filled>> {
    return new Rule({ ...this, byDefault });
  }

  /** The same rule for an option that must be given; `need` says what it is, for the message. */
  required(need: string = this.must): Rule<Given, NonNullable<Filled>, true> {
    return new Rule({ ...this, need });
  }

  /** Checks one value. */
  read(value: unknown, verb: string, path: string): unknown {
    if (value === undefined && this.need === undefined) return this.byDefault;
    if (value === undefined) throw optionError(verb, path, `is required: ${this.need}`);
    const verdict = judge(this.test, value);
    if (verdict !== true) {
      const more = verdict === false ? "" : `; ${verdict}`;
      throw optionError(verb, path, `must be ${this.must}${more}`);
    }
    return this.convert ? this.convert(value, verb, path) : value;
  }
}

/** What the settings of a table hold: every option, defaults filled in. */
export type FilledOf<Rules extends Table> = {
  readonly [Name in keyof Rules]: Rules[Name]["types"]["filled"];
};

/** What a user may give for a table. */
export type GivenOf<Rules extends Table> = Flat<
  {
    readonly [Name in keyof Rules as Name extends NeededIn<Rules> ? never : Name]?:
      | GivenFor<Rules[Name]>
      | undefined;
  } & { readonly [Name in NeededIn<Rules>]: GivenFor<Rules[Name]> }
>;

/**
 * The type of the table that fits an interface of options: `satisfies TableOf<BatchOptions>` lets no
 * option be without a rule, no rule without an option, and none of another type.
 */
export type TableOf<Options> = {
  readonly [Name in keyof Options]-?: Rule<
    Exclude<Options[Name], undefined>,
    unknown,
    undefined extends Options[Name] ? false : true
  >;
};

type Flat<Type> = { [Name in keyof Type]: Type[Name] };
type GivenFor<One extends AnyRule> = One["types"]["given"] extends (value: infer Given) => unknown
  ? Given
  : never;
type NeededIn<Rules extends Table> = {
  [Name in keyof Rules]: Rules[Name]["types"]["needed"] extends true ? Name : never;
}[keyof Rules];

/** The most that a timer can hold, in ms: a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

const YEAR_MS = 365 * 86_400_000;

/** What may be given and is not looked at, such as what a resource that was read has besides; no message names it. */
export const ignored: Rule<unknown> = new Rule({ must: "", test: () => true });

/** Makes a rule of a test; one that throws counts as failed. */
export function rule<Type>(must: string, test: RuleParts["test"]): Rule<Type> {
  return new Rule({ must, test });
}

/** A number. */
export function between(least: number, most: number, unit = ""): Rule<number> {
  const test = (value: unknown) => typeof value === "number" && value >= least && value <= most;
  return rule(`a number${unit} ${range(least, most)}`, test);
}

/** A whole number. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Rule<number> {
  const { test } = between(least, most);
  const isWhole = (value: unknown) => Number.isInteger(value) && test(value);
  return rule(`a whole number ${range(least, most)}`, isWhole);
}

/** A number of milliseconds, of at most a year unless told otherwise. */
export function milliseconds(least: number, most: number = YEAR_MS): Rule<number> {
  return between(least, most, " of milliseconds");
}

function range(least: number, most: number): string {
  return most >= Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
}

/** A text; its length is counted as JavaScript does. */
export function text(least: number, most: number, what = "a text"): Rule<string> {
  return rule(
    `${what} of ${least} to ${most} characters`,
    (value) => typeof value === "string" && value.length >= least && value.length <= most,
  );
}

/** A name that every store can hold. */
export const name: Rule<string> = rule("a name of 1 to 500 characters", (value) => {
  if (typeof value !== "string" || value === "" || value.length > 500) return false;
  return value.includes("\0") ? "it may hold no NUL" : true;
});

/** One of a few words. */
export function oneOf<Word extends string>(...words: readonly Word[]): Rule<Word> {
  const quoted = words.map((word) => `"${word}"`);
  const last = quoted.pop();
  const must = quoted.length > 0 ? `${quoted.join(", ")} or ${last}` : `${last}`;
  return rule(must, (value) => words.some((word) => word === value));
}

/** True or false. */
export const flag: Rule<boolean> = rule("true or false", (value) => typeof value === "boolean");

/** A function. */
export function aFunction<Type extends (...args: never[]) => unknown>(): Rule<Type> {
  return rule("a function", (value) => typeof value === "function");
}

/** An object that has these methods, its own or inherited ones. */
export function withMethods<Type>(...names: readonly (keyof Type & string)[]): Rule<Type> {
  return rule(`an object with the functions ${names.join(", ")}`, (value) => {
    return hasMembers(value) && names.every((each) => typeof value[each] === "function");
  });
}

/** An `AbortSignal`, whichever realm or library made it. */
export const signal: Rule<AbortSignal> = rule("an AbortSignal", (value) => {
  if (!hasMembers(value)) return false;
  return typeof value["aborted"] === "boolean" && typeof value["addEventListener"] === "function";
});

/** A Standard Schema, version 1; some libraries make them functions. */
export const schema: Rule<StandardSchemaV1> = rule("a Standard Schema (zod, valibot)", (value) => {
  const standard = hasMembers(value) ? value["~standard"] : undefined;
  return (
    hasMembers(standard) && standard["version"] === 1 && typeof standard["validate"] === "function"
  );
});

/** Standard Schemas by event type. */
export function schemas<Schemas extends object>(): Rule<Schemas> {
  return rule("an object of Standard Schemas by event type", (value) => {
    if (!isObject(value)) return false;
    const bad = Object.keys(value).find((each) => judge(schema.test, value[each]) !== true);
    return bad === undefined ? true : `that of ${cut(bad)} is none`;
  });
}

/** A moment, as a `Date` of any realm or epoch ms, within a span around now; filled in as epoch ms. */
export function moment(within: {
  readonly pastMs: number;
  readonly aheadMs: number;
}): Rule<Date | number, number | undefined> {
  return new Rule({
    must: "a Date or epoch milliseconds, such as Date.now() + 50_000",
    test: (value) => {
      const atMs = toEpochMs(value);
      if (!Number.isFinite(atMs)) return false;
      const aheadMs = atMs - Date.now();
      if (aheadMs >= -within.pastMs && aheadMs <= within.aheadMs) return true;
      if (atMs >= 1e9 && atMs < 1e10) return "this looks like epoch seconds";
      if (atMs < 1e11) return "this looks like a duration";
      return aheadMs < 0 ? "this is long past" : "this is too far ahead";
    },
    convert: toEpochMs,
  });
}

function toEpochMs(value: unknown): number {
  if (typeof value === "number") return value;
  // Throws for what is no Date, and knows those of other realms.
  return Date.prototype.getTime.call(value);
}

/** A list of which each item follows a rule. The settings hold a frozen copy. */
export function list<Given, Filled, Needed extends boolean>(
  each: Rule<Given, Filled, Needed>,
): Rule<readonly Given[], readonly NonNullable<Filled>[] | undefined> {
  const one = each.required();
  return new Rule({
    must: `a list, each item ${each.must}`,
    test: Array.isArray,
    convert: (value, verb, path) => {
      const items: unknown[] = attempt(() => Array.from(value as unknown[]), verb, path);
      return Object.freeze(items.map((item, index) => one.read(item, verb, `${path}[${index}]`)));
    },
  });
}

/** The same rule, but for `false`, which switches the option off. */
export function orFalse<Given, Filled, Needed extends boolean>(
  inner: Rule<Given, Filled, Needed>,
): Rule<Given | false, Filled | false, Needed> {
  const { must, test, convert } = inner;
  return new Rule({
    ...inner,
    must: `false or ${must}`,
    test: (value) => value === false || test(value),
    convert: (value, verb, path) =>
      value === false || !convert ? value : convert(value, verb, path),
  });
}

/**
 * A group of options. Where it is left out its defaults are filled in, if it needs none to be given.
 *
 * @param must What is right, in words, where an object without what it needs was given.
 */
export function group<Rules extends Table>(
  table: Rules,
  must?: string,
): Rule<GivenOf<Rules>, FilledOf<Rules> | ([NeededIn<Rules>] extends [never] ? never : undefined)> {
  const needed = Object.keys(table).filter((each) => table[each]?.need !== undefined);
  const hasNeeded = (value: unknown) =>
    isObject(value) &&
    needed.every((each) => Object.hasOwn(value, each) && value[each] !== undefined);
  return new Rule({
    must: must ?? "an object",
    test: must === undefined ? isGroup : hasNeeded,
    convert: (value, verb, path) => readTable(value as object, table, verb, path),
    byDefault: needed.length > 0 ? undefined : readTable({}, table, "", ""),
    table,
  });
}

/**
 * Checks what a user gave against a table, and one of the verb's own, and fills in the defaults.
 *
 * Only the object's own enumerable members are looked at, each once; what would be passed over for that is
 * refused. `undefined` counts as left out, `null` does not. Gives a frozen object with every option of the
 * tables; it can be given again.
 *
 * @throws {AckloopError} `config`, which names the verb, the option as `outer.inner`, and what is
 * right; never the value.
 */
export function checkOptions<Rules extends Table, Own extends Table = Record<never, never>>(
  verb: string,
  options: unknown,
  table: Rules,
  own?: Own,
): FilledOf<Rules> & FilledOf<Own> {
  const given = options === undefined ? {} : options;
  const verdict = judge(isGroup, given);
  if (verdict !== true) {
    const more = verdict === false ? "" : `; ${verdict}`;
    throw new AckloopError("config", `${verb}: the options must be an object${more}`);
  }
  const filled: unknown = readTable(given as object, { ...table, ...own }, verb, "");
  // The tables' own types say what the walk has made; the compiler cannot follow it.
  return filled as FilledOf<Rules> & FilledOf<Own>;
}

/** Makes the `config` error of a verb's option. */
export function optionError(verb: string, path: string, rule: string): AckloopError {
  return new AckloopError("config", `${verb}: option \`${path}\` ${rule}`);
}

function readTable(given: object, table: Table, verb: string, path: string): object {
  const outer = path && `${path}.`;
  const members = new Map<string, unknown>();
  for (const each of attempt(() => Object.keys(given), verb, path)) {
    const value: unknown = attempt(() => Reflect.get(given, each), verb, outer + cut(each));
    if (value !== undefined && !Object.hasOwn(table, each)) {
      throw optionError(verb, outer + cut(each), `is unknown; ${advise(each, table, outer)}`);
    }
    members.set(each, value);
  }
  const filled: Record<string, unknown> = {};
  for (const each of Object.keys(table)) {
    if (!members.has(each) && attempt(() => hasHidden(given, each), verb, outer + each)) {
      throw optionError(verb, outer + each, "must be a member of the object itself, not inherited");
    }
    filled[each] = table[each]?.read(members.get(each), verb, outer + each);
  }
  return Object.freeze(filled);
}

/** Whether an object has a member that `Object.keys` does not tell: that of a class, or of what it was made from. */
export function hasHidden(given: object, name: string): boolean {
  let holder: object | null = given;
  while (holder !== null && !isRoot(holder)) {
    if (Object.hasOwn(holder, name)) return true;
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return false;
}

/** Whether it is the `Object.prototype` of some realm. */
function isRoot(holder: object): boolean {
  return Object.hasOwn(holder, "hasOwnProperty") && Object.getPrototypeOf(holder) === null;
}

/** Reads what a user gave, whose getters and traps may throw anything. */
function attempt<Value>(read: () => Value, verb: string, path: string): Value {
  try {
    return read();
  } catch {
    // What was thrown is the user's own and may hold anything.
    const rule = "cannot be read: reading it threw";
    if (path !== "") throw optionError(verb, path, rule);
    throw new AckloopError("config", `${verb}: the options cannot be read: reading them threw`);
  }
}

/** What a test says of a value; one that cannot even be asked is wrong. */
function judge(test: RuleParts["test"], value: unknown): boolean | string {
  try {
    return test(value);
  } catch {
    return false;
  }
}

/** Tells whether a value is an object with members: no list, not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells an object with members of its own. What has them elsewhere would else be one that sets nothing. */
export function isGroup(value: unknown): boolean | string {
  if (!isObject(value)) return false;
  // A name of its own is a member like others.
  const has = (method: string) =>
    typeof value[method] === "function" && !Object.hasOwn(value, method);
  if (has("then")) return "a promise of them has to be awaited";
  if (has("entries")) return "a map is none";
  return signal.test(value) !== true || "a signal is one of them: { signal }";
}

function hasMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** The longest part of a name that a message repeats, in characters. */
const LONGEST_NAME = 60;

function cut(given: string): string {
  return given.length > LONGEST_NAME ? `${given.slice(0, LONGEST_NAME)}…` : given;
}

/** The known name that is nearest to an unknown one, if one is near: of paths, the last step counts. */
export function nearestOf(unknown: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(unknown.length / 3)) + 1;
  for (const path of unknown.length > LONGEST_NAME ? [] : known) {
    const name = path.slice(path.lastIndexOf(".") + 1);
    const distance = editDistance(unknown.toLowerCase(), name.toLowerCase());
    if (distance < least) [nearest, least] = [path, distance];
  }
  return nearest;
}

/** Names the known option that is nearest to an unknown one, or else all that stand beside it. */
function advise(unknown: string, table: Table, outer: string): string {
  const nearest = nearestOf(unknown, pathsOf(table, outer));
  if (nearest !== undefined) return `did you mean \`${nearest}\`?`;
  return `known are ${namesOf(table)
    .map((each) => outer + each)
    .join(", ")}`;
}

/** The names of a table's options, in its order. */
export function namesOf(table: Table): string[] {
  return Object.keys(table).filter((each) => table[each] !== ignored);
}

/** The options of a table, then those of its groups. */
function pathsOf(table: Table, outer: string): string[] {
  const names = namesOf(table);
  const inside = names.map((each) => pathsOf(table[each]?.table ?? {}, `${outer}${each}.`));
  return [...names.map((each) => outer + each), ...inside.flat()];
}
