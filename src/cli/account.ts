import { isAckloopError } from "../core/errors.ts";
import type { Context, Example } from "./command.ts";
import { variable } from "./environment.ts";
import { Failure, UsageError } from "./failure.ts";
import { nearest } from "./nearest.ts";
import { oneOf, required } from "./option.ts";
import type { Account, Provider, Settings } from "./provider.ts";
import { providerNames, providers } from "./providers.ts";
import type { Environment } from "./surroundings.ts";

/** The argument that names a provider. */
export const providerArgument = required(
  oneOf("provider", `the provider: ${providerNames.join(", ")}`, providerNames),
);

/** The provider of a name that was checked. */
export function providerOf(name: string): Provider {
  const provider = providers[name];
  if (provider === undefined) throw new UsageError(`there is no provider "${name}"`);
  return provider;
}

/** Variables that are needed and not set. */
export function missingVariables(provider: Provider, environment: Environment): readonly string[] {
  return provider.variables
    .filter(({ name, isOptional }) => !isOptional && variable(environment, name) === undefined)
    .map(({ name }) => name);
}

/**
 * The account that the environment variables lead to.
 *
 * @throws {Failure} which names the variables that are missing.
 */
export async function accountOf(
  provider: Provider,
  environment: Environment,
  settings: Settings = {},
): Promise<Account> {
  const missing = missingVariables(provider, environment);
  if (missing.length > 0) {
    const names = missing.join(" and ");
    throw new Failure(
      `${provider.title} needs ${names}: set ${missing.length > 1 ? "them" : "it"}, or give --env-file`,
    );
  }
  const account = await provider.connect(environment, settings);
  // As they were typed: a slash at the end would stand twice in what is put behind.
  return { ...account, urls: account.urls.map((url) => url.replace(/\/+$/, "")) };
}

/**
 * The place that was typed, by its id or its name; of an account without places its title.
 *
 * @throws {Failure} for one that is not there, with the nearest that is.
 */
export async function placeOf(
  provider: Provider,
  account: Account,
  said: string | undefined,
  { signal }: Pick<Context, "signal">,
): Promise<string> {
  if (provider.place === undefined) {
    if (said === undefined) return provider.title;
    throw new UsageError(`${provider.title} has one list of events: leave "${said}" out`);
  }
  const places = await listPlaces(account, signal);
  const { name, about } = provider.place;
  if (said === undefined) {
    const known = places?.slice(0, 5).map((each) => each.name ?? each.id);
    const there = known?.length ? `; there are ${known.join(", ")}` : "";
    throw new UsageError(`say which ${name} (${about})${there}`);
  }
  if (places === undefined) return said;
  const found = places.find(({ id }) => id === said) ?? places.find((each) => each.name === said);
  if (found) return found.id;
  const names = places.flatMap((each) => [
    each.id,
    ...(each.name === undefined ? [] : [each.name]),
  ]);
  const hint = nearest(said, names) || `; there ${toCount(places.length, "other")}`;
  throw new Failure(`${provider.title} has no ${name} "${said}"${hint}`);
}

const toCount = (count: number, what: string): string =>
  count === 1 ? `is 1 ${what}` : `are ${count} ${what}s`;

/** The places; `undefined` where they cannot be listed, which says nothing of whether they can be read. */
async function listPlaces(account: Account, signal: AbortSignal) {
  try {
    return await account.places?.(signal);
  } catch (error) {
    if (isAckloopError(error) && error.status === 403) return undefined;
    throw error;
  }
}

/** The lines of `--help` about the variables of every provider. */
export const variableHelp = [
  "Environment variables",
  ...Object.entries(providers).map(([name, { variables }]) => toLines(name, variables)),
].join("\n");

function toLines(name: string, variables: Provider["variables"]): string {
  const lines: string[] = [];
  for (const { name: each, isOptional } of variables) {
    const word = isOptional ? `[${each}]` : each;
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 64) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines.map((line, index) => `  ${(index === 0 ? name : "").padEnd(9)} ${line}`).join("\n");
}

/** The examples of a command, from every provider that has one. */
export function examplesOf(command: string): readonly Example[] {
  return Object.values(providers).flatMap(({ examples }) => {
    const example = examples[command];
    return example === undefined ? [] : [example];
  });
}
