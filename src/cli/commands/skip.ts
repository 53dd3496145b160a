import type { EventKey } from "ackloop";
import { readIdentity } from "../../core/identity.ts";
import { skipsOf, toSkipKey } from "../../inspector/skips.ts";
import { some } from "../../inspector/walk.ts";
import { type Context, command } from "../command.ts";
import { required, text } from "../option.ts";
import { oneLine } from "../output.ts";
import { stateOptions } from "../state.ts";
import { placeOptions, withState } from "../with-state.ts";

const where = "--consumer web --feed orders";
const positionals = {
  id: required(text("id", "the event's id, or `sha256:...` as the run tells it")),
};
const options = {
  ...stateOptions,
  ...placeOptions,
  source: text("uri", "the event's source (default the only one known that has the id)"),
};

export const skip = command({
  name: "skip",
  summary: "have an event set aside unhandled",
  details:
    "A run reads its skips when it starts, and when the program calls `run.reload()`.\n" +
    "It needs the option `deadLetters` with this state: the event goes there.",
  positionals,
  options,
  examples: [
    [`skip ${where} 1042`, "an event that stops each run at its start"],
    [`skip ${where} --source /orders -- -7`, "with its source, and an id that begins with `-`"],
  ],
  run: (context) =>
    withState(context, async ({ stores }) => {
      const key = await toSkipKey(stores, context.values);
      await stores.deadLetters.skip(key);
      tellSkipped(context, key);
      return undefined;
    }),
});

export const unskip = command({
  name: "unskip",
  summary: "take a skip back",
  positionals,
  options,
  examples: [[`unskip ${where} 1042`, "before a run has met the event"]],
  run: (context) =>
    withState(context, async ({ stores }) => {
      const { output } = context;
      const key = await toSkipKey(stores, context.values);
      await stores.deadLetters.unskip(key);
      output.json({ ...key, ...readIdentity(key.identity), skipped: false });
      output.line(`${nameOf(key)} is not skipped any more`);
      return undefined;
    }),
});

export const skips = command({
  name: "skips",
  summary: "list what is to be skipped",
  details: "`ackloop dead-letters list` shows which consumers and feeds have skips.",
  options: { ...stateOptions, ...placeOptions },
  examples: [[`skips ${where}`, "what the next run sets aside"]],
  run: (context) =>
    withState(context, async ({ stores }) => {
      const { output, values } = context;
      const found = await some(skipsOf(stores.deadLetters, values));
      for (const each of found) output.json({ ...each, ...readIdentity(each.identity) });
      if (found.length === 0) output.line(`nothing of ${values.consumer} and ${values.feed}`);
      else {
        output.table(
          [{ title: "SAID AT" }, { title: "ID" }, { title: "SOURCE" }],
          found.map(({ at, identity }) => {
            const { id = identity, source = "" } = readIdentity(identity) ?? {};
            return [at.slice(0, 16).replace("T", " "), id, source];
          }),
        );
      }
      return undefined;
    }),
});

/** Tells what was said to be skipped, and when that counts. */
export function tellSkipped({ output }: Pick<Context, "output">, key: EventKey): void {
  output.json({ ...key, ...readIdentity(key.identity), skipped: true });
  output.line(`${nameOf(key)} is set aside by the next run, or after \`run.reload()\``);
}

function nameOf({ identity }: EventKey): string {
  const event = readIdentity(identity);
  return event ? oneLine(`the event ${event.id} of ${event.source}`) : "the item";
}
