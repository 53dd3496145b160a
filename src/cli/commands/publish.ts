import { createInterface } from "node:readline";
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
import { oneLine } from "../output.ts";
import { placeArgument } from "../reading.ts";

const positionals = { provider: providerArgument, place: placeArgument };
const options = {
  data: text("json", "the data of one event; without it each line of the standard input is one"),
};

type PublishContext = Context<ValuesOf<typeof positionals> & ValuesOf<typeof options>>;

export const publish = command({
  name: "publish",
  summary: "publish events, where the API can",
  details: variableHelp,
  positionals,
  options,
  examples: examplesOf("publish"),
  run: start,
});

async function start(context: PublishContext): Promise<undefined> {
  const { values, environment, output, signal } = context;
  const provider = providerOf(values.provider);
  const account = await accountOf(provider, environment);
  if (account.publish === undefined) {
    throw new UsageError(`${provider.title} publishes nothing for others: its events are its own`);
  }
  const place = await placeOf(provider, account, values.place, context);
  const progress = output.progress("published");
  let count = 0;
  try {
    for await (const line of linesOf(values.data, signal)) {
      const id = await account.publish(place, parse(line, count + 1), signal);
      count += 1;
      output.json({ id });
      output.line(oneLine(id));
      progress.at(count);
    }
    // What is left of the input nobody has read.
    signal.throwIfAborted();
  } finally {
    progress.end();
    output.note(count === 1 ? "1 event published" : `${count} events published`);
  }
}

async function* linesOf(data: string | undefined, signal: AbortSignal): AsyncIterable<string> {
  if (data !== undefined) {
    yield data;
    return;
  }
  let fault: NodeJS.ErrnoException | undefined;
  const input = process.stdin.once("error", (error: NodeJS.ErrnoException) => {
    fault = error;
  });
  try {
    const reader = createInterface({ input, signal });
    for await (const line of reader) if (line.trim() !== "") yield line;
  } catch (error) {
    // Not every Node tells it here.
    fault ??= error as NodeJS.ErrnoException;
  }
  signal.throwIfAborted();
  if (fault) throw new Failure(`the standard input cannot be read (${fault.code})`);
}

function parse(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Failure(`event ${number} is no JSON (a text stands in quotes)`);
  }
}
