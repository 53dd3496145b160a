import { ask } from "../core/guard.ts";
import type { LiveShown, RunShown, RunSteered } from "../inspector/shown.ts";
import type { Context } from "./command.ts";
import { variable } from "./environment.ts";
import { Failure, UsageError } from "./failure.ts";
import { required, text } from "./option.ts";
import { explainUnreachable } from "./reach.ts";

/** The variable with what the inspector asks of whoever calls it. */
const authorizationVariable = "ACKLOOP_INSPECTOR_AUTHORIZATION";

/** The options of every command that asks a running inspector. */
export const inspectorOptions = {
  url: required(
    text("url", `the inspector's address; ${authorizationVariable} is sent as its Authorization`),
  ),
};

/** How long the inspector may take to answer, in ms. */
const LIMIT_MS = 30_000;

/** The most bytes of an answer: some thousand runs. */
const MOST_BYTES = 64_000_000;

/** An inspector in another process, asked as its page asks it. */
export interface RunningInspector {
  /** The runs of that process. */
  runs(): Promise<readonly RunShown[]>;
  /** Pauses a run, lets it go on, or has it read its skips anew. */
  steer(verb: "pause" | "resume" | "reload", run: number): Promise<RunSteered>;
}

type InspectorContext = Pick<
  Context<{ readonly url: string }>,
  "values" | "environment" | "signal"
>;

/**
 * Opens a running inspector by its address.
 *
 * @throws {UsageError} for an address that is none, holds a password, or would send the credential in the clear.
 */
export function openInspector({ values, environment, signal }: InspectorContext): RunningInspector {
  const authorization = variable(environment, authorizationVariable);
  const root = toRoot(values.url, authorization !== undefined);
  const headers = {
    "content-type": "application/json",
    "x-ackloop-page": "1",
    ...(authorization !== undefined && { authorization }),
  };
  async function call(name: string, body?: object): Promise<object> {
    const init =
      body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    const asking = { what: name, whom: root.host, limitMs: LIMIT_MS, signal };
    const answer = await ask(asking, async (cut) => {
      const reply = await fetch(new URL(name, root), { ...init, redirect: "manual", signal: cut });
      return { status: reply.status, text: await textOf(reply) };
    });
    if (answer.kind === "answered") return read(answer.value, root);
    if (answer.kind === "cut") throw signal.reason;
    if (answer.thrown instanceof Failure) throw answer.thrown;
    const [found, todo] = explainUnreachable(answer.thrown ?? answer.error);
    throw new Failure(`${root.host}: ${found}: ${todo}`);
  }
  return {
    async runs() {
      const { runs } = (await call("api/runs")) as Partial<LiveShown>;
      if (Array.isArray(runs) && runs.every(isRun)) return runs;
      throw notOne(root, 200);
    },
    steer: async (verb, run) => (await call(`api/${verb}`, { run })) as RunSteered,
  };
}

/** An answer as text, of which no more is held than an inspector says. */
async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) throw new Failure("this is no inspector: its answer does not end");
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

/** Whether it is a run as an inspector tells of it. */
function isRun(value: unknown): boolean {
  const { id, feed, consumer, health, summary } = Object(value) as Partial<RunShown>;
  const { state, troubles } = Object(health) as Partial<RunShown["health"]>;
  const areTexts = [feed, consumer, state].every((each) => typeof each === "string");
  return (
    typeof id === "number" && areTexts && Array.isArray(troubles) && Object(summary) === summary
  );
}

function toRoot(given: string, hasCredential: boolean): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError("--url must be like https://ops.example/inspector/");
  }
  if (url.username !== "" || url.password !== "") {
    const where = `others can read it there: set ${authorizationVariable} in its place`;
    throw new UsageError(`--url holds a password, and ${where}`);
  }
  const isHere = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (hasCredential && url.protocol === "http:" && !isHere) {
    throw new UsageError(
      "--url must begin with https:, since http: sends the credential in the clear",
    );
  }
  // The address of the page may have been copied from a browser.
  return new URL(url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`, url);
}

function read(
  { status, text }: { readonly status: number; readonly text: string },
  root: URL,
): object {
  const value = parsed(text);
  if (status === 200 && value !== undefined) return value;
  const { error } = Object(value) as { error?: unknown };
  const told = typeof error === "string" ? `: ${error}` : "";
  if (status === 401 || status === 403) {
    const todo = `${authorizationVariable} is sent as its Authorization`;
    throw new Failure(`the inspector refuses this (${status})${told}; ${todo}`);
  }
  if (typeof error === "string" && status !== 404) throw new Failure(`the inspector says${told}`);
  if (typeof error === "string" && /run/.test(error)) throw new Failure(error);
  throw notOne(root, status);
}

function notOne({ origin, pathname }: URL, status: number): Failure {
  const there = `${origin}${pathname} answers ${status}`;
  return new Failure(`${there}, and not as an inspector: give the address of its page`);
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
