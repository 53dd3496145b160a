import type { Connection, Emulator } from "ackloop/emulator";
import { type Context, command } from "../command.ts";
import { createEmulatorPage } from "../emulator-page/handler.ts";
import { UsageError } from "../failure.ts";
import { flag, someOf, text, type ValuesOf, whole, withDefault } from "../option.ts";
import { commandsOf, fill } from "../provider.ts";
import { providerNames, providers } from "../providers.ts";
import { redactOption } from "../redact.ts";
import { readKept } from "../seen.ts";
import { freePort, portFailure } from "../serve.ts";
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
  journal: withDefault(
    whole("number", "how many entries the journal of each keeps", 1, 100_000_000),
    100_000,
  ),
  redact: redactOption,
  noLimits: flag("switch the rate limits off"),
  publish: whole("number", "publish so many made-up events, and print a program", 1, 100_000),
  fill: text("file", "publish what `tail --out` kept of one provider, and print a program"),
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
  /** What was published, by provider. */
  readonly published: Readonly<Record<string, Published>>;
}

/** Events that were published at the start. */
interface Published {
  /** Where they are, such as a queue's id. */
  readonly place: string;
  readonly count: number;
  /** A program that consumes them. */
  readonly program: string;
}

export const emulate = command({
  name: "emulate",
  summary: "serve emulators on 127.0.0.1 until Ctrl+C",
  options,
  examples: [
    ["emulate", "all providers, on a free port"],
    [
      `emulate --provider ${providerNames[0]} --publish 10`,
      "ten events, and a program that consumes them",
    ],
    [`emulate --provider ${providerNames[0]} --port 4010 --json`, "one, for a script"],
  ],
  run: serve,
});

type EmulateContext = Context<ValuesOf<typeof options>>;

/** Serves the emulators, announces them, and returns when the signal has fired and all is closed. */
async function serve({ values, output, signal }: EmulateContext): Promise<undefined> {
  const items = readItems(values);
  const { serveEmulators } = await import("ackloop/emulator");
  // Equal seeds give equal ids, which a store that outlives a run would take for the same events.
  const { port, seed = Date.now() % 2 ** 31, journal: max } = values;
  const limits = !values.noLimits;
  const open: Emulator[] = [];
  try {
    for (const name of values.provider) {
      const made = await providers[name]?.emulator({ seed, journal: { max } }, limits);
      if (made) open.push(made);
    }
    const { redact } = values;
    const page = createEmulatorPage({ emulators: open, providers, seed, limits, redact });
    const server = await serveEmulators(open, { port, page: page.answer }).catch(
      (error: unknown) => {
        throw portFailure(error);
      },
    );
    const { origin } = server;
    const connections = open.map(({ name }) => [name, server.connection(name)] as const);
    const published = await Promise.all(
      open.map(async (emulator) => [
        emulator.name,
        await publish(emulator, server.connection(emulator.name), items(emulator.name)),
      ]),
    );
    const announcement: Announcement = {
      ...{ origin, port: server.port, admin: `${origin}/_emulator`, seed, limits },
      providers: Object.fromEntries(connections),
      published: Object.fromEntries(published.filter(([, some]) => some !== undefined)),
    };
    output.json(announcement);
    output.line(describe(announcement));
    await untilAborted(signal);
    await server.close();
  } finally {
    await Promise.all(open.map((emulator) => emulator.close()));
  }
}

/** Gives the items to publish at a provider; none where nothing was asked for. */
function readItems({ publish: count = 0, fill: file, provider }: EmulateContext["values"]) {
  if (file === undefined) {
    return (name: string): readonly unknown[] => {
      const numbers = Array.from({ length: count }, (_, index) => index + 1);
      return numbers.map((number) => providers[name]?.sample(number));
    };
  }
  if (count > 0) throw new UsageError("give --publish or --fill, not both");
  if (provider.length > 1) throw new UsageError("--fill needs --provider: whose events they are");
  const items = readKept(file).map(({ raw }) => raw);
  return () => items;
}

/** Publishes items at an emulator, and writes a program that consumes them. */
async function publish(
  emulator: Emulator,
  connection: Connection,
  items: readonly unknown[],
): Promise<Published | undefined> {
  const provider = providers[emulator.name];
  if (provider === undefined || items.length === 0) return undefined;
  const port = provider.calls ? await freePort() : 0;
  const url = provider.calls ? `http://127.0.0.1:${port}/` : undefined;
  const place = await fill(provider, commandsOf(emulator), items, url);
  const program = provider.program(connection, place, port);
  return { place, count: items.length, program };
}

/** The announcement as lines for a person. */
function describe(announcement: Announcement): string {
  const { origin, admin, seed, limits, providers, published } = announcement;
  const blocks = Object.entries(providers).map(([name, connection]) => {
    const lines = Object.entries(connection).map(([key, value]) => `  ${key.padEnd(22)}${value}`);
    return `${name}\n${lines.join("\n")}\n`;
  });
  const facts = `seed ${seed}, rate limits ${limits ? "as documented" : "off"}`;
  return [
    `Emulators on ${origin} (${facts})\n`,
    ...blocks,
    ...Object.entries(published).flatMap(([name, { count, place, program }]) => [
      `${name}: ${count} events in ${place}. This program consumes them (save it as ${name}.mjs):\n`,
      `${program}\n`,
    ]),
    `Look at them, publish and break things in a browser: ${origin}/`,
    `Publish, read the journal and inject faults under ${admin}:\nGET it to see how.`,
    "Stop with Ctrl+C.",
  ].join("\n");
}
