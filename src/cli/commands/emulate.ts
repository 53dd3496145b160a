import type { Connection, Emulator } from "ackloop/emulator";
import { type Context, command } from "../command.ts";
import { Failure } from "../failure.ts";
import { flag, someOf, type ValuesOf, whole, withDefault } from "../option.ts";
import { providerNames, providers } from "../providers.ts";
import { untilAborted } from "../wait.ts";

const { MAX_SAFE_INTEGER: largest } = Number;

const options = {
  port: withDefault(whole("number", "the port; 0 takes a free one", 0, 65_535), 0),
  provider: withDefault(
    someOf("names", "which emulators, separated by commas", providerNames),
    providerNames,
    "all",
  ),
  seed: whole(
    "integer",
    "where ids, tokens and faults follow from (default another one each time, printed)",
    -largest,
    largest,
  ),
  noLimits: flag("switch the rate limits off"),
};

/** What is printed once the emulators are reachable. */
interface Announcement {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** The port. */
  readonly port: number;
  /** Where other processes steer the emulators. */
  readonly admin: string;
  /** The seed. */
  readonly seed: number;
  /** Whether rate limits are on. */
  readonly limits: boolean;
  /** Base URLs and test credentials, by provider. */
  readonly providers: Readonly<Record<string, Connection>>;
}

export const emulate = command({
  name: "emulate",
  summary: "serve emulators on 127.0.0.1 until Ctrl+C",
  options,
  examples: [
    ["emulate", "all providers, on a free port"],
    [`emulate --provider ${providerNames[0]} --port 4010 --json`, "one, for a script"],
  ],
  run: serve,
});

/** Serves the emulators, announces them, and returns when the signal has fired and all is closed. */
async function serve({ values, output, signal }: Context<ValuesOf<typeof options>>) {
  const { serveEmulators } = await import("ackloop/emulator");
  // Equal seeds give equal ids, which a store that outlives a run would take for the same events.
  const { port, seed = Date.now() % 2 ** 31 } = values;
  const limits = !values.noLimits;
  const open: Emulator[] = [];
  try {
    for (const name of values.provider) {
      const made = await providers[name]?.emulator({ seed }, limits);
      if (made) open.push(made);
    }
    const server = await serveEmulators(open, { port }).catch(refusePort);
    const { origin } = server;
    const announcement: Announcement = {
      ...{ origin, port: server.port, admin: `${origin}/_emulator`, seed, limits },
      providers: Object.fromEntries(open.map(({ name }) => [name, server.connection(name)])),
    };
    output.json(announcement);
    output.line(describe(announcement));
    await untilAborted(signal);
    await server.close();
  } finally {
    await Promise.all(open.map((emulator) => emulator.close()));
  }
  return 0;
}

function refusePort(error: unknown): never {
  const { syscall, code } = Object(error) as Partial<NodeJS.ErrnoException>;
  if (syscall !== "listen") throw error;
  throw new Failure(`the port cannot be had (${code}); choose another, or --port 0`);
}

/** The announcement as lines for a person. */
function describe({ origin, admin, seed, limits, providers }: Announcement): string {
  const blocks = Object.entries(providers).map(([name, connection]) => {
    const lines = Object.entries(connection).map(([key, value]) => `  ${key.padEnd(22)}${value}`);
    return `${name}\n${lines.join("\n")}\n`;
  });
  const facts = `seed ${seed}, rate limits ${limits ? "as documented" : "off"}`;
  return [
    `Emulators on ${origin} (${facts})\n`,
    ...blocks,
    `Publish, read the journal and inject faults under ${admin}.`,
    "Stop with Ctrl+C.",
  ].join("\n");
}
