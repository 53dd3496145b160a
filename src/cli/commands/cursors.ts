import { factsOf, loadPlace, rewind as prepareRewind, replace } from "../../inspector/cursors.ts";
import { some, walk } from "../../inspector/walk.ts";
import { command, commandGroup } from "../command.ts";
import { confirm, yes } from "../confirm.ts";
import { moment, required, text } from "../option.ts";
import { stateOptions } from "../state.ts";
import { anyPlaceOptions, isAsked, placeOptions, tellUnnamed, withState } from "../with-state.ts";

const where = "--consumer web --feed orders";
/** What a run at work makes of a place that was saved by another. */
const stopFirst =
  "Stop the run first: one that is at work ends with `conflict` at its next save,\n" +
  "and a run that starts takes the saved place over.";

const list = command({
  name: "list",
  summary: "list every saved place",
  options: { ...stateOptions, ...anyPlaceOptions },
  examples: [["cursors list --state state.db", "every consumer and feed that has a place"]],
  run: (context) =>
    withState(context, async ({ stores: { cursors } }) => {
      const { output, values } = context;
      const all = await some(walk((query) => cursors.list(query), tellUnnamed(context)));
      const found = all.filter((place) => isAsked(place, values));
      for (const place of found) output.json({ ...place, ...factsOf(place.value) });
      if (found.length === 0) output.line("no saved places");
      else {
        output.table(
          [
            { title: "CONSUMER" },
            { title: "FEED" },
            { title: "SAVES" },
            { title: "TIME" },
            { title: "PLACE", cut: true },
          ],
          found.map(({ consumer, feed, revision, value, isDamaged }) => {
            const { position, time = "" } = factsOf(value) ?? { position: value };
            const place = isDamaged ? "(damaged)" : (position ?? "");
            return [consumer, feed, `${revision}`, time, place];
          }),
        );
      }
      return undefined;
    }),
});

const show = command({
  name: "show",
  summary: "show one saved place whole",
  options: { ...stateOptions, ...placeOptions },
  examples: [[`cursors show ${where}`, "the text that the feed has saved"]],
  run: (context) =>
    withState(context, async ({ stores: { cursors } }) => {
      const { output, values } = context;
      const { consumer, feed } = values;
      const stored = await loadPlace(cursors, { consumer, feed });
      output.json({ consumer, feed, ...stored, ...factsOf(stored.value) });
      output.line(stored.value);
      return undefined;
    }),
});

const set = command({
  name: "set",
  summary: "save another place, as its feed writes it",
  details: `${stopFirst}\nA place further on skips what is in between.`,
  positionals: { place: required(text("place", "the text, as `cursors show` prints one")) },
  options: { ...stateOptions, ...placeOptions, yes },
  examples: [[`cursors set ${where} 2026-11-30T08:00:00`, "a watermark, from a backup"]],
  run: (context) =>
    withState(context, async ({ stores: { cursors } }) => {
      const { output, values } = context;
      const { consumer, feed, place } = values;
      const current = await cursors.load({ consumer, feed });
      await confirm(context, `the place of ${consumer} and ${feed} is replaced`);
      await replace(cursors, { consumer, feed }, place, current?.revision ?? 0);
      output.json({ consumer, feed, value: place, before: current?.value ?? null });
      output.line(`saved; before it was ${current?.value ?? "none"}`);
      return undefined;
    }),
});

const rewind = command({
  name: "rewind",
  summary: "move a place back to a time",
  details: `What happened from that time on comes again.\n${stopFirst}`,
  options: {
    ...stateOptions,
    ...placeOptions,
    to: required(moment("time", "from when on: RFC 3339, or so long ago, such as 2h")),
    yes,
  },
  examples: [
    [`cursors rewind ${where} --to 2026-11-30T08:00Z`, "from a moment on"],
    [`cursors rewind ${where} --to 2h --yes`, "the last two hours, in a script"],
  ],
  run: (context) =>
    withState(context, async ({ stores: { cursors } }) => {
      const { output, values } = context;
      const { consumer, feed } = values;
      const { from, to, save } = await prepareRewind(cursors, { consumer, feed }, values.to);
      await confirm(context, `${consumer} meets all of ${feed} from ${to} on again`);
      await save();
      output.json({ consumer, feed, from, to });
      output.line(`${feed} is read again from ${to} on, by the next run of ${consumer}`);
      return undefined;
    }),
});

export const cursors = commandGroup("cursors", "places of readers whose provider keeps none", [
  list,
  show,
  set,
  rewind,
]);
