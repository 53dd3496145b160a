import {
  aFunction,
  checkOptions,
  isObject,
  namesOf,
  Rule,
  type Table,
  type TableOf,
} from "../core/options.ts";
import { wrong } from "./options.ts";
import type { ClientCallOptions, ResponseFacts } from "./types.ts";

/** What of a call's arguments is an object with members of a known name, by its place. */
export interface Shape {
  /** What is asked for: it must be given. */
  readonly input?: readonly [place: number, table: Table];
  /** How: it may be left out. */
  readonly options?: readonly [place: number, table: Table];
}

/** The shapes of a group's calls. Those that give an iterable check their own. */
export type ShapesOf<Calls> = {
  readonly [Name in keyof Calls as Calls[Name] extends (...given: never[]) => Promise<unknown>
    ? Name
    : never]: Shape;
};

/** What the call itself checks, or a server alone can. */
export function unchecked<Given>(): Rule<Given> {
  return new Rule<Given>({ must: "right", test: () => true });
}

/** What every call takes. */
export const callOptions = {
  signal: unchecked<AbortSignal>(),
  onResponse: aFunction<(response: ResponseFacts) => void>(),
} satisfies TableOf<ClientCallOptions>;

/**
 * Makes calls that refuse what they would pass over without a word, such as a misspelt name, before anything
 * is sent; for callers without types.
 */
export function withShapes<Calls extends object>(
  provider: string,
  groupName: string,
  calls: Calls,
  shapes: ShapesOf<Calls>,
): Calls {
  const checked = Object.entries<Shape>(shapes).map(([name, shape]) => {
    const call: (...given: unknown[]) => unknown = Reflect.get(calls as object, name);
    const operation = `${groupName}.${name}`;
    return [
      name,
      async (...given: unknown[]) => {
        checkShape(provider, operation, shape, given);
        return await call(...given);
      },
    ];
  });
  return { ...calls, ...Object.fromEntries(checked) };
}

/** @throws {AckloopError} `config`, which names what is wrong and what is known. */
export function checkShape(
  provider: string,
  operation: string,
  { input, options }: Shape,
  given: readonly unknown[],
): void {
  const verb = `${provider} ${operation}`;
  if (input !== undefined) {
    const [place, table] = input;
    if (!isObject(given[place])) {
      throw wrong(provider, `give an object with ${namesOf(table).join(", ")}`, operation);
    }
    checkOptions(verb, given[place], table);
  }
  if (options !== undefined) checkOptions(verb, given[options[0]], options[1]);
}
