import { serveEmulators } from "ackloop/emulator";
import { freePort } from "../../examples/demo/process.ts";
import { providerNames, providerOf } from "../../examples/demo/provider.ts";
import { type Command, type Started, start } from "./child.ts";
import { isDone, type MatrixResult, type MatrixTask } from "./scenario.ts";

/** How long a runtime may take to be there, in ms. */
const READY_MS = 30_000;

/** How a host is started, and ended. */
export interface Host {
  readonly command: Command;
  readonly variables?: Readonly<Record<string, string>>;
  /** Ends by itself once it is told to; others end with their standard input. */
  readonly endsBy: "request" | "input";
}

/** Has a host do the scenario with every provider at once, each against an emulator of its own. */
export async function drive(host: Host, folder: string): Promise<string> {
  const port = await freePort();
  const variables = { ...host.variables, MATRIX_PORT: `${port}` };
  const began = performance.now();
  const started = start(host.command, folder, variables);
  try {
    const origin = `http://127.0.0.1:${port}`;
    await untilReady(origin, started);
    const results = await runAll(origin).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : error}\n${started.written()}`);
    });
    await end(host, origin, started);
    const calls = results.reduce((sum, { handled }) => sum + handled, 0);
    return `${calls} events handled in ${Math.round((performance.now() - began) / 100) / 10} s`;
  } finally {
    started.child.kill("SIGKILL");
    await started.ended;
  }
}

async function untilReady(origin: string, { ended, written }: Started): Promise<void> {
  let code: number | string | undefined;
  void ended.then((it) => {
    code = it;
  });
  const until = performance.now() + READY_MS;
  while (performance.now() < until && code === undefined) {
    const reply = await fetch(origin).catch(() => undefined);
    if (reply?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not start (${code ?? "it runs"}): ${written()}`);
}

/** Runs all providers at once; rejects where one does not come to what is asked. */
async function runAll(origin: string): Promise<readonly MatrixResult[]> {
  const providers = await Promise.all(providerNames.map(providerOf));
  const emulators = providers.map(({ emulator }) => emulator());
  const server = await serveEmulators(emulators);
  try {
    return await Promise.all(
      emulators.map(async ({ name }, at) => {
        const connection = server.connection(name);
        const admin = `${server.origin}/_emulator/${name}`;
        const result = await ask(origin, { provider: name, connection, admin, origin });
        const provider = providers[at];
        if (provider && isDone(result, provider)) return result;
        throw new Error(`${name}: ${JSON.stringify(result)}`);
      }),
    );
  } finally {
    await server.close();
    await Promise.all(emulators.map((emulator) => emulator.close()));
  }
}

async function ask(origin: string, task: MatrixTask): Promise<MatrixResult> {
  const init = { method: "POST", body: JSON.stringify(task) };
  const response = await fetch(`${origin}/run`, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${task.provider}: ${text}`);
  return JSON.parse(text);
}

/** Ends a host in order; a program that something still holds open is a failure. */
async function end({ endsBy }: Host, origin: string, started: Started): Promise<void> {
  if (endsBy === "request") await fetch(`${origin}/end`, { method: "POST" });
  else started.child.stdin?.end();
  const late = new Promise<string>((resolve) =>
    setTimeout(resolve, 10_000, "it is still there").unref(),
  );
  const code = await Promise.race([started.ended, late]);
  if (endsBy === "request" && code !== 0) {
    throw new Error(`it did not end in order (${code}): ${started.written()}`);
  }
}
