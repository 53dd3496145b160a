import type { FullStoreSet, InboxItem } from "ackloop";
import { redactedEntry, stateOf } from "../../inspector/entries.ts";
import { toRedactor } from "../../inspector/redact.ts";
import { hasText } from "../../inspector/search.ts";
import { toSkipKey } from "../../inspector/skips.ts";
import { some, walk } from "../../inspector/walk.ts";
import { command, commandGroup } from "../command.ts";
import { Failure } from "../failure.ts";
import { required, text, whole, withDefault } from "../option.ts";
import { redactOption } from "../redact.ts";
import { stateOptions } from "../state.ts";
import { tellUnnamed, toLength, withState } from "../with-state.ts";
import { tellSkipped } from "./skip.ts";

const inboxOption = text("name", "the inbox: the receiver's name unless the program says another");

const list = command({
  name: "list",
  summary: "list entries that are not finished",
  options: {
    ...stateOptions,
    inbox: required(inboxOption),
    limit: withDefault(whole("number", "how many are shown", 1, 100_000), 50),
    search: text("text", "only entries that have it somewhere"),
    redact: redactOption,
  },
  examples: [
    ["inbox list --state state.db --inbox orders", "oldest first; claims none"],
    ["inbox list --inbox orders --search 1042 --json", "each entry whole, with that text"],
  ],
  run: (context) =>
    withState(context, async ({ stores }) => {
      const { output, values } = context;
      const found = await some(shownEntries(stores.inbox, values), values.limit + 1);
      const shown = found.slice(0, values.limit);
      for (const item of shown) output.json(item);
      const none = values.search === undefined ? "nothing waits" : "there is no such entry";
      if (shown.length === 0) output.line(`${none} in ${values.inbox}`);
      else {
        output.table(
          [
            { title: "ID" },
            { title: "TYPE" },
            { title: "CLAIMED" },
            { title: "STATE" },
            { title: "SOURCE", cut: true },
          ],
          shown.map((item) => [
            ...namesOf(item),
            `${item.attempts}`,
            wordsOf(item),
            item.event?.source ?? item.unreadable?.message ?? "",
          ]),
        );
      }
      if (found.length > shown.length) output.note("there are more: --limit shows them");
      return undefined;
    }),
});

/** The entries of an inbox as they may be shown; with a text those that have it. */
async function* shownEntries(
  store: FullStoreSet["inbox"],
  values: {
    readonly inbox: string;
    readonly search: string | undefined;
    readonly redact: readonly string[] | undefined;
  },
): AsyncGenerator<InboxItem, undefined> {
  const redact = toRedactor(values.redact);
  const { search = "" } = values;
  for await (const item of walk((query) => store.entries(values.inbox, query))) {
    const { value } = redactedEntry(item, redact);
    if (search === "" || hasText(JSON.stringify(value), search)) yield value;
  }
}

const stats = command({
  name: "stats",
  summary: "list every inbox that holds something",
  options: { ...stateOptions, inbox: inboxOption, redact: redactOption },
  examples: [["inbox stats --state state.db", "how much waits, is held, and the oldest"]],
  run: (context) =>
    withState(context, async ({ stores }) => {
      const { output, values } = context;
      const all = await some(walk((query) => stores.inbox.list(query), tellUnnamed(context)));
      const redact = toRedactor(values.redact);
      const found = all
        .filter(({ name }) => values.inbox === undefined || name === values.inbox)
        .map((place) => ({ ...place, oldest: redactedEntry(place.oldest, redact).value }));
      for (const place of found) output.json(place);
      if (found.length === 0) output.line("nothing waits in any inbox");
      else {
        output.table(
          [
            { title: "INBOX" },
            { title: "WAITING" },
            { title: "HELD" },
            { title: "OLDEST" },
            { title: "CLAIMED" },
          ],
          found.map(({ name, waiting, held, oldest }) => {
            return [name, `${waiting}`, `${held}`, namesOf(oldest)[0], `${oldest.attempts}`];
          }),
        );
      }
      return undefined;
    }),
});

const skip = command({
  name: "skip",
  summary: "have an entry set aside unhandled",
  details: "As `ackloop skip`, for an entry that waits: the inbox knows its source.",
  positionals: { id: required(text("id", "the event's id")) },
  options: {
    ...stateOptions,
    inbox: required(inboxOption),
    consumer: required(text("name", "the name of the workers that read the inbox")),
    source: text("uri", "the event's source, where the inbox has its id of several"),
  },
  examples: [["inbox skip --state state.db --inbox orders --consumer web 1042", "one entry"]],
  run: (context) =>
    withState(context, async ({ stores }) => {
      const { values } = context;
      const { inbox: feed, consumer, id, source } = values;
      const waiting = walk((query) => stores.inbox.entries(feed, query));
      let isThere = false;
      for await (const { event } of waiting) {
        isThere = event?.id === id && (source === undefined || event.source === source);
        if (isThere) break;
      }
      if (!isThere) throw new Failure(`no entry ${id} waits in ${feed}`);
      const key = await toSkipKey(stores, { consumer, feed, id, source });
      await stores.deadLetters.skip(key);
      tellSkipped(context, key);
      return undefined;
    }),
});

const stateWords = { waits: "waits", held: "held", later: "later, in" } as const;

function namesOf({ event }: InboxItem): readonly [id: string, type: string] {
  return event ? [event.id, event.type] : ["unreadable", ""];
}

function wordsOf(item: InboxItem): string {
  const words = stateWords[stateOf(item)];
  return item.hiddenMs > 0 ? `${words} ${toLength(item.hiddenMs)}` : words;
}

export const inbox = commandGroup("inbox", "webhook events that wait for a worker", [
  list,
  stats,
  skip,
]);
