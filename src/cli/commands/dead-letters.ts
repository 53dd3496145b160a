import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import type { DeadLetter, DeadLetterStore, FullStoreSet, StoreKey } from "ackloop";
import type { Redact } from "ackloop/inspector";
import { silent } from "../../core/logger.ts";
import { redacted, toLine } from "../../inspector/letter-shown.ts";
import { findLetter, lettersOf } from "../../inspector/letters.ts";
import { toRedactor } from "../../inspector/redact.ts";
import { checkEvent, oneLetter } from "../../inspector/redrive.ts";
import { hasText } from "../../inspector/search.ts";
import { some, walk } from "../../inspector/walk.ts";
import { type Context, command, commandGroup } from "../command.ts";
import { confirm, yes } from "../confirm.ts";
import { checkCommand, Executor } from "../execute.ts";
import { Failure, UsageError } from "../failure.ts";
import { flag, required, text, type ValuesOf, whole, withDefault } from "../option.ts";
import { type Output, oneLine } from "../output.ts";
import { redactOption } from "../redact.ts";
import { stateOptions } from "../state.ts";
import { anyPlaceOptions, isAsked, placeOptions, tellUnnamed, withState } from "../with-state.ts";

const source = text("uri", "the event's source, where its id is not enough");
const where = "--consumer web --feed orders";

const listOptions = {
  ...stateOptions,
  ...anyPlaceOptions,
  limit: withDefault(whole("number", "how many letters are shown", 1, 100_000), 50),
  search: text("text", "only letters that have it somewhere"),
  redact: redactOption,
};

const list = command({
  name: "list",
  summary: "list letters, or where there are some",
  details: "Without both --consumer and --feed: every consumer and feed that has letters.",
  options: listOptions,
  examples: [
    ["dead-letters list --state state.db", "every consumer and feed that has letters"],
    [`dead-letters list ${where}`, "the letters of one, oldest first"],
    [`dead-letters list ${where} --search timeout`, "those with that text"],
  ],
  run: (context) =>
    withState(context, async ({ stores: { deadLetters } }) => {
      const { consumer, feed } = context.values;
      if (consumer === undefined || feed === undefined) await listPlaces(context, deadLetters);
      else await listLetters(context, deadLetters, { consumer, feed });
      return undefined;
    }),
});

async function listPlaces(
  context: Context<ValuesOf<typeof listOptions>>,
  { places }: DeadLetterStore,
): Promise<void> {
  const { output, values } = context;
  const all = places ? await some(walk((query) => places(query), tellUnnamed(context))) : [];
  const found = all.filter((place) => isAsked(place, values));
  for (const place of found) output.json(place);
  if (found.length === 0) output.line("no dead letters");
  else {
    output.table(
      [
        { title: "CONSUMER" },
        { title: "FEED" },
        { title: "LETTERS" },
        { title: "OLDEST" },
        { title: "SKIPS" },
      ],
      found.map(({ consumer, feed, letters, oldestAt = "", skips }) => {
        return [consumer, feed, `${letters}`, toMinute(oldestAt), `${skips}`];
      }),
    );
  }
}

async function listLetters(
  { output, values }: Context<ValuesOf<typeof listOptions>>,
  store: DeadLetterStore,
  key: StoreKey,
): Promise<void> {
  const found = await some(shownLetters(store, key, values), values.limit + 1);
  const shown = found.slice(0, values.limit);
  for (const letter of shown) output.json(letter);
  if (shown.length === 0) output.line(`no dead letters of ${key.consumer} and ${key.feed}`);
  else {
    output.table(
      [
        { title: "ID" },
        { title: "TYPE" },
        { title: "TRIED" },
        { title: "FAILED AT" },
        { title: "REASON", cut: true },
      ],
      shown.map(toLine).map(({ identity, event, attempts, failedAt, reason }) => {
        return [
          event?.id ?? identity,
          event?.type ?? "unreadable",
          `${attempts}`,
          toMinute(failedAt),
          reason,
        ];
      }),
    );
  }
  if (found.length > shown.length) output.note("there are more: --limit shows them");
}

/** The letters of one as they may be shown; with a text those that have it. */
async function* shownLetters(
  store: DeadLetterStore,
  key: StoreKey,
  {
    redact,
    search = "",
  }: { readonly redact: Redact | undefined; readonly search: string | undefined },
): AsyncGenerator<DeadLetter, undefined> {
  const redactor = toRedactor(redact);
  for await (const letter of lettersOf(store, key)) {
    const { value } = redacted(letter, redactor);
    if (search === "" || hasText(JSON.stringify(value), search)) yield value;
  }
}

const show = command({
  name: "show",
  summary: "show one letter whole",
  positionals: { id: required(text("id", "the event's id, or the letter's identity")) },
  options: { ...stateOptions, ...placeOptions, source, redact: redactOption },
  examples: [[`dead-letters show ${where} 1042`, "the event, the provider's object, and why"]],
  run: (context) =>
    withState(context, async ({ stores }) => {
      const { values, output } = context;
      const found = await findLetter(stores.deadLetters, values, values);
      const letter = redacted(found, toRedactor(values.redact)).value;
      output.json(letter);
      output.line(JSON.stringify(letter, null, 2));
      return undefined;
    }),
});

const redriveOptions = {
  ...stateOptions,
  ...placeOptions,
  source,
  exec: required(text("command", "the shell command that gets each event as JSON")),
  concurrency: withDefault(whole("number", "how many run at once", 1, 1000), 1),
  event: text("file", "the event to send in place of the letter's, as JSON; needs an id"),
};

const redrive = command({
  name: "redrive",
  summary: "run a command for each letter's event",
  details:
    "The command gets the event as JSON on its standard input. It exits with 0: the\n" +
    "letter is taken off. With anything else the letter stays, with the new reason.\n" +
    "One that was sent with --event keeps its own event then. What another redrive has\n" +
    "at work is left to that one, for a minute where it was killed.",
  positionals: { id: text("id", "only this letter's event") },
  options: redriveOptions,
  examples: [[`dead-letters redrive ${where} --exec ./handle.sh`, "all letters, each once"]],
  run: async (context) => {
    await checkCommand(context.values.exec);
    return await withState(context, (state) => redriveAll(context, state.stores));
  },
});

async function redriveAll(
  {
    values,
    output,
    signal,
  }: Context<ValuesOf<typeof redriveOptions> & { readonly id: string | undefined }>,
  { deadLetters: store, dedupe }: FullStoreSet,
): Promise<number | undefined> {
  const { consumer, feed, id, concurrency, event: file } = values;
  if (file !== undefined && id === undefined) throw new UsageError("--event needs the letter's id");
  const only = id === undefined ? undefined : await findLetter(store, values, { ...values, id });
  if (only && only.event === undefined) {
    throw new Failure(`the letter ${id} could not be read, and has no event to send`);
  }
  const event = only && file !== undefined ? checkEvent(readJson(file), only) : undefined;
  const { redrive: send } = await import("ackloop");
  const executor = new Executor(values.exec, output);
  const progress = output.progress("sent");
  let sent = 0;
  const summary = await send(
    only ? oneLetter(store, only, event) : store,
    feed,
    async (event, context) => {
      await executor.run(event, context.signal);
      sent += 1;
      progress.at(sent);
    },
    {
      consumer,
      concurrency,
      signal,
      // Another person, or a page, may send them just now.
      dedupe: { store: dedupe },
      // A store that fails is asked again, for as long as it does.
      logger: { ...silent, warn: (text) => output.note(oneLine(text)) },
    },
  ).finally(() => progress.end());
  const { found, handled, deadLettered, unsettled, duplicates: elsewhere } = summary;
  output.json({ found, done: handled, failed: deadLettered, unsettled, elsewhere });
  if (found === 0) signal.throwIfAborted();
  if (found === 0) throw new Failure(`there are no letters of ${consumer} and ${feed}`);
  const told = `, ${elsewhere} left: another has them at work, or has dealt with them`;
  output.line(
    `${handled} done, ${deadLettered} failed again and stay${elsewhere === 0 ? "" : told}`,
  );
  return deadLettered + unsettled + elsewhere > 0 ? 1 : undefined;
}

/** Reads a file that holds JSON. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const { code = "it is no JSON" } = Object(error) as NodeJS.ErrnoException;
    throw new Failure(`the file ${file} cannot be read (${code}): give one with the event as JSON`);
  }
}

const discardOptions = {
  ...stateOptions,
  ...placeOptions,
  source,
  all: flag("all letters of the consumer and feed"),
  yes,
};

const discard = command({
  name: "discard",
  summary: "take letters off for good",
  positionals: { id: text("id", "the event's id, or the letter's identity") },
  options: discardOptions,
  examples: [
    [`dead-letters discard ${where} 1042`, "one letter"],
    [`dead-letters discard ${where} --all --yes`, "all of them, in a script"],
  ],
  run: (context) => withState(context, (state) => discardSome(context, state.stores.deadLetters)),
});

async function discardSome(
  context: Context<ValuesOf<typeof discardOptions> & { readonly id: string | undefined }>,
  store: DeadLetterStore,
): Promise<undefined> {
  const { values, output, signal } = context;
  const { id, consumer, feed } = values;
  if ((id === undefined) !== values.all) throw new UsageError("give an id, or --all");
  const letters =
    id === undefined
      ? await identitiesOf(store, values)
      : [(await findLetter(store, values, { ...values, id })).identity];
  if (letters.length === 0) throw new Failure(`there are no letters of ${consumer} and ${feed}`);
  const many = letters.length === 1 ? "1 letter is" : `${letters.length} letters are`;
  await confirm(context, `${many} taken off for good`);
  const progress = output.progress("taken off", letters.length);
  let discarded = 0;
  for (const identity of letters) {
    if (signal.aborted) break;
    await store.remove({ consumer, feed, identity });
    discarded += 1;
    progress.at(discarded);
  }
  progress.end();
  output.json({ discarded });
  output.line(`${discarded} taken off`);
  if (discarded < letters.length) {
    throw new Failure(`stopped: ${letters.length - discarded} of the letters stay`);
  }
  return undefined;
}

/** Without the letters themselves, which may be more than a machine can hold. */
async function identitiesOf(
  store: DeadLetterStore,
  key: { readonly consumer: string; readonly feed: string },
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { identity } of lettersOf(store, key)) found.push(identity);
  return found;
}

const exportOptions = {
  ...stateOptions,
  ...anyPlaceOptions,
  out: text("file", "where to; a file that is there is refused (default the standard output)"),
  redact: redactOption,
};

const exportAll = command({
  name: "export",
  summary: "write letters as lines of JSON",
  options: exportOptions,
  examples: [
    ["dead-letters export --state state.db --out letters.jsonl", "all letters of all feeds"],
  ],
  run: (context) => withState(context, (state) => exportLetters(context, state.stores.deadLetters)),
});

async function exportLetters(
  context: Context<ValuesOf<typeof exportOptions>>,
  store: Required<DeadLetterStore>,
): Promise<undefined> {
  const { values, output, signal } = context;
  const redact = toRedactor(values.redact);
  const write = await writerTo(values.out, output);
  const progress = output.progress("written");
  let count = 0;
  try {
    for await (const place of walk((query) => store.places(query), tellUnnamed(context))) {
      if (!isAsked(place, values)) continue;
      for await (const letter of lettersOf(store, place)) {
        if (signal.aborted) throw new Failure(`stopped after ${count} letters`);
        await write.letter(redacted(letter, redact).value);
        count += 1;
        progress.at(count);
      }
    }
  } finally {
    progress.end();
    await write.end();
  }
  output.note(`${count} letters written`);
  return undefined;
}

/** Writes to the standard output, or to a file that is new. */
async function writerTo(file: string | undefined, output: Output) {
  if (file === undefined) {
    const letter = async (each: DeadLetter): Promise<void> => {
      output.json(each);
      output.line(JSON.stringify(each));
      // Who reads slowly is waited for: all the letters may be more than a machine can hold.
      await output.flush();
    };
    return { letter, end: async () => {} };
  }
  const handle = await open(file, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "EEXIST" ? "is there already" : `cannot be made (${error.code})`;
    throw new Failure(`the file ${file} ${why}: give another one to --out`);
  });
  return {
    async letter(each: DeadLetter): Promise<void> {
      await handle.write(`${JSON.stringify(each)}\n`).catch((error: NodeJS.ErrnoException) => {
        throw new Failure(`the file ${file} cannot be written (${error.code}), and is not whole`);
      });
    },
    end: () => handle.close(),
  };
}

/** A time to the minute, for a table. */
function toMinute(time: string): string {
  return time.slice(0, 16).replace("T", " ");
}

export const deadLetters = commandGroup("dead-letters", "events that were set aside", [
  list,
  show,
  redrive,
  discard,
  exportAll,
]);
