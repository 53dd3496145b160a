import type { RunShown } from "../../inspector/shown.ts";
import { type Context, command, commandGroup } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import { flag } from "../option.ts";
import { oneLine } from "../output.ts";
import { inspectorOptions, openInspector, type RunningInspector } from "../running-inspector.ts";
import { anyPlaceOptions, isAsked, toLength } from "../with-state.ts";

const url = "--url https://ops.example/inspector/";

interface Asked {
  readonly url: string;
  readonly consumer: string | undefined;
  readonly feed: string | undefined;
}

const list = command({
  name: "list",
  summary: "list the runs of a process, and how they are",
  options: { ...inspectorOptions, ...anyPlaceOptions },
  examples: [[`runs list ${url}`, "each run, its state and what is wrong"]],
  async run(context) {
    const { output, values } = context;
    const all = await openInspector(context).runs();
    const found = all.filter((run) => isAsked(run, values));
    for (const run of found) output.json(run);
    if (found.length === 0) output.line("no runs");
    else {
      output.table(
        [
          { title: "CONSUMER" },
          { title: "FEED" },
          { title: "STATE" },
          { title: "HANDLED" },
          { title: "OPEN" },
          { title: "TROUBLES", cut: true },
        ],
        found.map(({ consumer, feed, health, summary }) => [
          consumer,
          feed,
          health.state,
          `${summary.handled}`,
          openOf(health),
          health.troubles.join(", "),
        ]),
      );
    }
    return undefined;
  },
});

function openOf({ open, oldestOpenMs }: RunShown["health"]): string {
  return oldestOpenMs === undefined ? `${open}` : `${open}, for ${toLength(oldestOpenMs)}`;
}

type Verb = Parameters<RunningInspector["steer"]>[0];

/** A command that does something with the runs that are named. */
function steering(
  verb: Verb,
  parts: { readonly summary: string; readonly details: string; readonly about: string },
) {
  return command({
    name: verb,
    summary: parts.summary,
    details: parts.details,
    options: {
      ...inspectorOptions,
      ...anyPlaceOptions,
      all: flag("all runs of the process, in place of --consumer and --feed"),
    },
    examples: [[`runs ${verb} ${url} --feed orders`, parts.about]],
    run: (context) => steer(context, verb),
  });
}

async function steer(
  context: Context<Asked & { readonly all: boolean }>,
  verb: Verb,
): Promise<undefined> {
  const { output, values } = context;
  const isNamed = values.consumer !== undefined || values.feed !== undefined;
  if (isNamed === values.all) throw new UsageError("say which: --consumer, --feed, or --all");
  const inspector = openInspector(context);
  const found = (await inspector.runs()).filter((run) => isAsked(run, values));
  if (found.length === 0) throw new Failure("no such run is in that process: see `runs list`");
  for (const { id } of found) {
    const steered = await inspector.steer(verb, id);
    output.json(steered);
    const { consumer, feed, state } = steered;
    const told = verb === "reload" ? "has read its skips" : `is ${state}`;
    output.line(oneLine(`${consumer} of ${feed} ${told}`));
  }
  return undefined;
}

export const runs = commandGroup("runs", "runs of a process, by its inspector", [
  list,
  steering("pause", {
    summary: "pull nothing and start no handler until resume",
    details: "Handlers at work go on. A pause ends with its process; no event is lost.",
    about: "its runs of that feed",
  }),
  steering("resume", {
    summary: "go on after a pause",
    details: "A run that is not paused stays as it is.",
    about: "its runs of that feed",
  }),
  steering("reload", {
    summary: "read the skips anew",
    details: "What `ackloop skip` has said holds from now on, without a restart.",
    about: "after `ackloop skip`",
  }),
]);
