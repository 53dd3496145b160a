import type { Feed, Receiver } from "ackloop";
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
import { UsageError } from "../failure.ts";
import { follow } from "../follow.ts";
import { flag, text, type ValuesOf, whole, withDefault } from "../option.ts";
import type { Output } from "../output.ts";
import type { Account, OwnPlace, Provider } from "../provider.ts";
import { fromOption, placeArgument } from "../reading.ts";
import { openKept } from "../seen.ts";
import { Shown } from "../shown.ts";

const positionals = { provider: providerArgument, place: placeArgument };

const options = {
  ack: flag("acknowledge what was shown: it is gone for every other reader"),
  ownQueue: flag("read from a queue or listener of its own, made for it and put away after"),
  from: fromOption,
  limit: whole("number", "end after so many events", 1, 1_000_000_000),
  once: flag("end when nothing new is there, in place of waiting for more"),
  out: text("file", "add what was seen to a file, as lines of JSON"),
  interval: withDefault(whole("seconds", "how long to wait when nothing came", 1, 3600), 5),
  port: withDefault(whole("number", "where a provider that calls is answered", 0, 65_535), 0),
  url: text("url", "the public address of that port, for --own-queue"),
};

type TailContext = Context<ValuesOf<typeof positionals> & ValuesOf<typeof options>>;

export const tail = command({
  name: "tail",
  summary: "show events live, without acknowledging any",
  details: `Nothing is acknowledged without --ack. A provider that repeats its oldest page
until that is acknowledged shows no more than this page; --own-queue shows all
that comes from now on, and takes nothing from other readers. A provider that
calls is answered "send again", unless --ack or --own-queue is given.
Each line of --out holds the event, which memoryFeed().publish takes, and the
provider's own object; \`ackloop emulate --fill <file>\` reads it too.

${variableHelp}`,
  positionals,
  options,
  examples: examplesOf("tail"),
  run: start,
});

/** What is read from where. */
interface Tailing {
  readonly context: TailContext;
  readonly provider: Provider;
  readonly account: Account;
  readonly place: string;
  readonly shown: Shown;
}

async function start(context: TailContext): Promise<undefined> {
  const { values, environment, output } = context;
  const provider = providerOf(values.provider);
  const account = await accountOf(provider, environment);
  const place = await placeOf(provider, account, values.place, context);
  const kept = openKept(values.out);
  const shown = new Shown(output, kept, values.limit);
  const tailing: Tailing = { context, provider, account, place, shown };
  try {
    await (account.receiver ? beCalled(tailing) : read(tailing));
  } finally {
    kept.close();
  }
  output.note(shown.count === 1 ? "1 event shown" : `${shown.count} events shown`);
}

async function read(tailing: Tailing): Promise<void> {
  const { context, account, shown } = tailing;
  const { values, output, signal } = context;
  const { memoryStores } = await import("ackloop/stores");
  const reading = {
    cursor: memoryStores().cursors,
    consumer: "ackloop-tail",
    from: values.from,
  };
  if (values.ack) checkAck(account.feed?.(tailing.place, reading));
  const own = values.ownQueue ? await makeOwn(tailing, values.url) : undefined;
  const feed = account.feed?.(own?.place ?? tailing.place, reading);
  const isAcked = values.ack || own !== undefined;
  const following = { shown, output, signal, isAcked, isOnce: values.once };
  try {
    if (feed) await follow(feed, { ...following, intervalMs: values.interval * 1000 });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // Not by the signal, which has fired; what hangs is ended by a second Ctrl+C.
    if (own) output.note(await own.end(new AbortController().signal));
  }
}

function checkAck(feed: Feed | undefined): void {
  if (feed?.pulls === "onward" && feed.acks === "cumulative") {
    throw new UsageError("--ack: there is nothing to acknowledge, each reader keeps its own place");
  }
}

async function makeOwn(tailing: Tailing, url: string | undefined): Promise<OwnPlace> {
  const { account, provider, place, context } = tailing;
  const { output, signal } = context;
  if (account.own === undefined) {
    throw new UsageError(`--own-queue: ${provider.title} has no such thing; leave it out`);
  }
  const own = await account.own(place, { url, signal });
  output.note(`reading from its own: ${own.made}`);
  return own;
}

async function beCalled(tailing: Tailing): Promise<void> {
  const { context, account, place, shown } = tailing;
  const { values, environment, output, signal } = context;
  const isAcked = values.ack || values.ownQueue;
  if (values.ownQueue && values.url === undefined) {
    throw new UsageError("--own-queue needs --url: the public address that leads to --port");
  }
  const done = new AbortController();
  await answerCalls({
    ...{ account, place, environment, output, signal, port: values.port, url: values.url },
    handle: (receiver) => (request) => answer(receiver, request, { shown, output, isAcked, done }),
    told: isAcked
      ? "each call is answered 200 once it is shown, which acknowledges it"
      : "each call is answered 503 once it is shown: nothing is acknowledged, all comes again",
    own: values.ownQueue ? (url) => makeOwn(tailing, url) : undefined,
    done: done.signal,
  });
}

/** How a call is answered. */
interface Answering {
  readonly shown: Shown;
  readonly output: Pick<Output, "flush">;
  readonly isAcked: boolean;
  /** Ends the serving. */
  readonly done: AbortController;
}

async function answer(
  receiver: Receiver,
  request: Request,
  { shown, output, isAcked, done }: Answering,
): Promise<Response> {
  const received = await receiver.receive(request);
  if (received.kind === "answered") return received.response;
  for (const delivery of received.deliveries) shown.add(delivery);
  if (shown.isFull) setImmediate(() => done.abort());
  // What --limit left unseen is not acknowledged either.
  const isShown = received.deliveries.every((delivery) => shown.has(delivery));
  const isSeen = await output.flush().then(
    () => true,
    () => false,
  );
  return isAcked && isShown && isSeen ? receiver.accept() : receiver.defer(0);
}
