import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { isAckloopError } from "../core/errors.ts";
import { accountOf, missingVariables } from "./account.ts";
import { variable } from "./environment.ts";
import { Failure } from "./failure.ts";
import { oneLine } from "./output.ts";
import type { Account, Provider } from "./provider.ts";
import { certificateDays, explainUnreachable, type Reached, reach } from "./reach.ts";
import { webhookSecretVariable } from "./reading.ts";
import { openState } from "./state.ts";
import type { Environment } from "./surroundings.ts";

/** What was looked at. */
export interface Check {
  readonly about: string;
  readonly isRight: boolean;
  readonly found: string;
  /** What to do, where something is wrong. */
  readonly todo?: string;
}

const right = (about: string, found: string): Check => ({ about, isRight: true, found });
const wrong = (about: string, found: string, todo: string): Check => ({
  ...{ about, isRight: false, found, todo },
});

/** How far apart two clocks may be: a place by time and signatures go by them. */
const skewAtMostMs = 30_000;
const bytesAtLeast = 200_000_000;

/** Looks at the machine. */
export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major >= 22) return right("node", version);
  const isTested = major === 20 && minor >= 19;
  if (isTested) return right("node", `${version}: works; 22 or newer is what is asked for`);
  return wrong("node", version, "install Node 22 or newer");
}

/** Looks at everything of a provider, from the variables to a first pull. */
export async function checkProvider(
  name: string,
  provider: Provider,
  environment: Environment,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const missing = missingVariables(provider, environment);
  if (missing.length > 0) {
    const todo = "set them, or give --env-file";
    return [wrong(`${name} variables`, `${missing.join(", ")} not set`, todo)];
  }
  const set = provider.variables.filter((each) => variable(environment, each.name) !== undefined);
  const checks = [right(`${name} variables`, set.map((each) => each.name).join(", "))];
  if (provider.calls) checks.push(checkSecret(name, environment));
  const roads: string[] = [];
  const note = (text: string): void => void roads.push(text);
  const silent = () => undefined;
  const logger = { debug: note, info: silent, warn: silent, error: silent };
  let account: Account;
  try {
    account = await accountOf(provider, environment, { logger });
  } catch (error) {
    return [...checks, wrong(`${name} configuration`, textOf(error), "correct that variable")];
  }
  const servers: (readonly Check[])[] = [];
  for (const url of onePerHost(account.urls)) servers.push(await checkServer(name, url, signal));
  checks.push(...servers.flat());
  // A call would only say again that a server cannot be reached.
  if (servers.some(([reached]) => reached?.isRight === false)) return checks;
  checks.push(...(await checkAccount(name, account, signal)));
  const road = roads.findLast((text) => text.includes("go by"))?.replace(/.*go by /, "");
  if (road !== undefined) checks.push(right(`${name} road`, `pulls and acks go by ${road}`));
  return [...checks, right(`${name} limits`, provider.limits)];
}

function checkSecret(name: string, environment: Environment): Check {
  const about = `${name} webhook secret`;
  const secret = variable(environment, webhookSecretVariable);
  if (secret === undefined)
    return right(about, `${webhookSecretVariable} is not set: tail makes one`);
  if (/^[\w.~-]{16,}$/.test(secret)) return right(about, `${secret.length} characters`);
  return wrong(about, "cannot stand in an address", "give 16 or more of A-Z a-z 0-9 . _ ~ -");
}

function onePerHost(addresses: readonly string[]): readonly string[] {
  return [...new Map(addresses.map((each) => [hostOf(each).host, each])).values()];
}

/** Looks at a server without any credential; the first check says whether it can be reached. */
async function checkServer(
  name: string,
  address: string,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { host, protocol, ...rest } = hostOf(address);
  const about = `${name} ${host}`;
  let reached: Reached;
  try {
    reached = await reach(address, signal);
  } catch (error) {
    signal.throwIfAborted();
    return [wrong(about, ...explainUnreachable(error))];
  }
  const checks = [right(about, `answers in ${Math.round(reached.tookMs)} ms`)];
  checks.push(checkClock(about, reached), ...checkRate(about, reached));
  if (protocol === "https:") checks.push(await checkCertificate(about, rest.url));
  return checks;
}

function hostOf(address: string): { host: string; protocol: string; url: URL } {
  const url = new URL(address);
  return { host: url.host, protocol: url.protocol, url };
}

function checkClock(about: string, { skewMs }: Reached): Check {
  const what = `${about} clock`;
  if (skewMs === undefined) return right(what, "it does not tell its time");
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const side = skewMs > 0 ? "behind" : "ahead of";
  if (Math.abs(skewMs) <= skewAtMostMs) return right(what, `${seconds} s apart`);
  return wrong(what, `this machine is ${seconds} s ${side} it`, "set the clock (timedatectl, NTP)");
}

function checkRate(about: string, { status, headers }: Reached): readonly Check[] {
  const told = [...headers].filter(([name]) => /rate-?limit/i.test(name));
  const text = told.map(([name, value]) => `${name}: ${value}`).join(", ");
  if (status !== 429) return told.length > 0 ? [right(`${about} rate limit`, text)] : [];
  return [wrong(`${about} rate limit`, text || "429 at once", "wait; ask less often")];
}

async function checkCertificate(about: string, url: URL): Promise<Check> {
  try {
    const days = await certificateDays(url);
    if (days >= 14) return right(`${about} TLS`, `the certificate is good for ${days} days`);
    return wrong(`${about} TLS`, `its certificate ends in ${days} days`, "tell who runs it");
  } catch (error) {
    return wrong(`${about} TLS`, ...explainUnreachable({ cause: error }));
  }
}

/** Makes a call by the credentials, and pulls from the first place that there is, which acknowledges nothing. */
async function checkAccount(
  name: string,
  account: Account,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const about = `${name} credentials`;
  try {
    const found = await account.check(signal);
    const place = (await account.places?.(signal))?.[0]?.id ?? name;
    if (account.feed && (account.places === undefined || place !== name)) {
      const { memoryStores } = await import("ackloop/stores");
      const { cursors: cursor } = memoryStores();
      await account.feed(place, { cursor, consumer: "ackloop-doctor" }).pull({ limit: 1, signal });
    }
    return [right(about, `taken: ${found}`)];
  } catch (error) {
    signal.throwIfAborted();
    return [wrong(about, textOf(error), todoOf(error))];
  }
}

function textOf(error: unknown): string {
  return oneLine((Object(error) as Partial<Error>).message ?? String(error));
}

function todoOf(error: unknown): string {
  const code = isAckloopError(error) ? error.code : undefined;
  if (code === "auth") return "look at the credentials and what they may do; make new ones";
  if (code === "rateLimit") return "wait; ask less often";
  if (code === "transport" || code === "timeout") return "look at the network; try again";
  return "look at the address and the account";
}

type StateContext = Parameters<typeof openState>[0];

/** Looks at the stores. */
export async function checkState(context: StateContext): Promise<readonly Check[]> {
  try {
    const { stores, place, missing = [], close } = await openState(context);
    try {
      await stores.cursors.load({ consumer: "ackloop-doctor", feed: "ackloop-doctor" });
      const file = context.values.state;
      const disk = file === undefined ? [] : [checkDisk(file)];
      return [checkTables(place, missing), ...disk];
    } finally {
      await close();
    }
  } catch (error) {
    return [wrong("state", ...explainState(error))];
  }
}

/** What is wrong, and what to do: a {@link Failure} says both, parted by a colon. */
function explainState(error: unknown): [found: string, todo: string] {
  const text = textOf(error);
  const parts = error instanceof Failure ? /^(.*): (.*)$/.exec(text) : null;
  const [, found = text, todo = "look at the file or the database, and at the rights on it"] =
    parts ?? [];
  return [found, todo];
}

function checkTables(place: string, missing: readonly string[]): Check {
  if (missing.length === 0) return right("state", `${place}: its tables are of this version`);
  const found = `${place}: tables were missing and are made anew, empty: ${missing.join(", ")}`;
  return wrong("state", found, "find out who dropped them; what was in them is gone");
}

function checkDisk(file: string): Check {
  const { bavail, bsize } = statfsSync(dirname(file));
  const bytes = bavail * bsize;
  const found = `${(bytes / 1e9).toFixed(1)} GB free`;
  if (bytes >= bytesAtLeast) return right("disk", found);
  return wrong("disk", found, "make room: what is full takes no place and no dead letter");
}
