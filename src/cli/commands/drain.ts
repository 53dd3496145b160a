import type { DeadLetterStore, FeedEvent, Report, Summary } from "ackloop";
import { silent } from "../../core/logger.ts";
import {
  accountOf,
  examplesOf,
  placeOf,
  providerArgument,
  providerOf,
  variableHelp,
} from "../account.ts";
import { answerCalls } from "../answer-calls.ts";
import { type Context, command } from "../command.ts";
import { checkCommand, Executor } from "../execute.ts";
import { UsageError } from "../failure.ts";
import { required, text, type ValuesOf, whole, withDefault } from "../option.ts";
import { oneLine } from "../output.ts";
import type { Account } from "../provider.ts";
import { fromOption, placeArgument } from "../reading.ts";
import { hasState, openState, type State, stateOptions } from "../state.ts";

const positionals = { provider: providerArgument, place: placeArgument };
const options = {
  exec: required(
    text("command", "a command of the shell: the event is JSON on its standard input"),
  ),
  consumer: withDefault(
    text("name", "the reader's name, for its place and dead letters"),
    "ackloop",
  ),
  from: fromOption,
  attempts: withDefault(whole("number", "how often an event is tried", 1, 1000), 5),
  concurrency: withDefault(whole("number", "how many commands run at once", 1, 1000), 1),
  timeout: withDefault(whole("seconds", "how long a command may take", 1, 86_400), 300),
  limit: whole("number", "end after so many events", 1, 1_000_000_000),
  port: withDefault(whole("number", "where a provider that calls is answered", 0, 65_535), 0),
  ...stateOptions,
};

type DrainContext = Context<ValuesOf<typeof positionals> & ValuesOf<typeof options>>;

export const drain = command({
  name: "drain",
  summary: "run a command for each event that waits, and end",
  details: `A command that ends with 0 is done with its event, which is then acknowledged;
any other end is tried again. After --attempts tries it becomes a dead letter where
--state, --database or ACKLOOP_DATABASE_URL is given (--state makes the file);
else the run ends with 1, and the event stays where it is. A provider that calls
is answered until Ctrl+C. What the command writes goes to the standard error.

${variableHelp}`,
  positionals,
  options,
  examples: examplesOf("drain"),
  run: start,
});

async function start(context: DrainContext): Promise<number> {
  const { values, environment } = context;
  await checkCommand(values.exec);
  const provider = providerOf(values.provider);
  const account = await accountOf(provider, environment);
  const place = await placeOf(provider, account, values.place, context);
  const state = hasState(context) ? await openState(context, true) : undefined;
  try {
    if (account.receiver) return await beCalled(context, account, place, state);
    return await read(context, account, place, state);
  } finally {
    await state?.close();
  }
}

/** What both ways of handling are told. */
function handlingOf(context: DrainContext, deadLetters: DeadLetterStore | undefined) {
  const { values, output } = context;
  const note = (text: string): void => output.note(oneLine(text));
  let isHalting = false;
  return {
    consumer: values.consumer,
    retry: { attempts: values.attempts },
    handlerTimeoutMs: values.timeout * 1000,
    ...(deadLetters ? { deadLetters } : {}),
    logger: {
      ...silent,
      warn: note,
      // What halts it is what the command line ends with.
      error: (text: string) => {
        if (!isHalting) note(text);
      },
    },
    onReport: (report: Report) => {
      if (report.kind === "stopping") isHalting = report.error !== undefined;
      if (report.kind === "retried") note(describe(report));
    },
  };
}

function describe(report: Extract<Report, { readonly kind: "retried" }>): string {
  const { event, attempt, error, delayMs } = report;
  const { message = "failed" } = Object(error) as Partial<Error>;
  return `${event.id}, attempt ${attempt}: ${message}; again in ${(delayMs / 1000).toFixed(1)} s`;
}

async function read(
  context: DrainContext,
  account: Account,
  place: string,
  state: State | undefined,
): Promise<number> {
  const { values, output, signal } = context;
  const { drain: run } = await import("ackloop");
  const { memoryStores } = await import("ackloop/stores");
  const { cursors: cursor, deadLetters } = state?.stores ?? {
    ...memoryStores(),
    deadLetters: undefined,
  };
  const { consumer, from, concurrency, limit, exec } = values;
  const feed = account.feed?.(place, { cursor, consumer, from });
  if (feed === undefined) return 0;
  if (state === undefined && feed.pulls === "onward" && feed.acks === "cumulative") {
    output.note("without --state the place is forgotten at the end: the next run begins anew");
  }
  const executor = new Executor(exec, output);
  const progress = output.progress("handled");
  let count = 0;
  const summary = await run(
    feed,
    async (event: FeedEvent, given) => {
      await executor.run(event, given.signal);
      count += 1;
      progress.at(count);
    },
    { ...handlingOf(context, deadLetters), concurrency, limit, signal },
  );
  progress.end();
  return tell(context, summary);
}

/** Tells what was done; gives the exit code. */
function tell({ output }: DrainContext, summary: Summary): number {
  const { handled, deadLettered, dropped, acked, unsettled, retried, stopped } = summary;
  // Those known from before are acknowledged too, and hide nothing here: none is remembered.
  const unacked = Math.max(0, handled + deadLettered + dropped - acked);
  output.json(summary);
  const parts = [
    `${handled} handled`,
    ...(deadLettered > 0 ? [`${deadLettered} dead letters`] : []),
    ...(retried > 0 ? [`${retried} retries`] : []),
    ...(unacked > 0 ? [`${unacked} not acknowledged, which come again`] : []),
    ...(unsettled > 0 ? [`${unsettled} left, which come again`] : []),
  ];
  output.line(`${parts.join(", ")}${stopped === "signal" ? "; stopped" : ""}`);
  return unacked > 0 ? 1 : 0;
}

async function beCalled(
  context: DrainContext,
  account: Account,
  place: string,
  state: State | undefined,
): Promise<number> {
  const { values, output, environment, signal } = context;
  if (values.limit !== undefined) {
    throw new UsageError("--limit: a provider that calls is answered until Ctrl+C");
  }
  const { webhook } = await import("ackloop");
  const handling = handlingOf(context, state?.stores.deadLetters);
  const handlerTimeoutMs = Math.min(handling.handlerTimeoutMs, 900_000);
  const executor = new Executor(values.exec, output);
  let handled = 0;
  const work = async (event: FeedEvent, given: { readonly signal: AbortSignal }): Promise<void> => {
    await executor.run(event, given.signal);
    handled += 1;
  };
  await answerCalls({
    ...{ account, place, environment, output, signal, port: values.port, url: undefined },
    handle: (receiver) =>
      webhook(receiver, work, { ...handling, handlerTimeoutMs, concurrency: values.concurrency }),
    told: "each call is answered 200 once the command has ended with 0, else 503: it comes again",
  });
  output.json({ handled });
  output.line(`${handled} handled`);
  return 0;
}
