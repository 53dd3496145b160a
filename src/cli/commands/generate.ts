import { readFile, writeFile } from "node:fs/promises";
import {
  accountOf,
  examplesOf,
  placeOf,
  providerArgument,
  providerOf,
  variableHelp,
} from "../account.ts";
import { type Context, command } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import { text, type ValuesOf } from "../option.ts";
import type { Provider } from "../provider.ts";
import { providers } from "../providers.ts";

const positionals = { provider: providerArgument };
const options = {
  topic: text("topic", "the topic, by its id or name: its schema is asked for"),
  file: text("file", "a file with the topic as JSON, in place of asking"),
  out: text("file", "where to write the code; without it, to the standard output"),
};

const able = Object.entries(providers).flatMap(([name, { generate: can }]) => (can ? [name] : []));

type GenerateContext = Context<ValuesOf<typeof positionals> & ValuesOf<typeof options>>;

export const generate = command({
  name: "generate",
  summary: "write the TypeScript type and schema of a topic",
  details: `For ${able.join(", ")} alone: the others tell no schemas.

${variableHelp}`,
  positionals,
  options,
  examples: examplesOf("generate"),
  run: start,
});

async function start(context: GenerateContext): Promise<undefined> {
  const { values, output } = context;
  const provider = providerOf(values.provider);
  if (provider.generate === undefined) {
    throw new UsageError(`${provider.title} tells no schemas: its event types are in the package`);
  }
  const code = provider.generate(await describedOf(provider, context));
  output.json({ code });
  if (values.out === undefined) {
    output.line(code.trimEnd());
    return;
  }
  await write(values.out, code);
  output.note(`written to ${values.out}`);
}

async function describedOf(provider: Provider, context: GenerateContext): Promise<unknown> {
  const { values, environment, signal } = context;
  const { topic, file } = values;
  if ((topic === undefined) === (file === undefined)) {
    throw new UsageError("give either --topic or --file");
  }
  if (file !== undefined) return await readJson(file);
  const account = await accountOf(provider, environment);
  const place = await placeOf(provider, account, topic, context);
  return await account.describe?.(place, signal);
}

async function readJson(file: string): Promise<unknown> {
  const content = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`${file} cannot be read (${error.code})`);
  });
  try {
    return JSON.parse(content);
  } catch {
    throw new Failure(`${file} is no JSON`);
  }
}

/** A file that was written by hand is let alone. */
async function write(file: string, code: string): Promise<void> {
  const before = await readFile(file, "utf8").catch(() => "");
  const [mark = ""] = code.split(":");
  if (before !== "" && !before.startsWith(mark)) {
    throw new Failure(`${file} was not made by this command: give --out another name`);
  }
  await writeFile(file, code).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`${file} cannot be written (${error.code})`);
  });
}
