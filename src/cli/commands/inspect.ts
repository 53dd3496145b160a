import { randomBytes } from "node:crypto";
import type { Redrive } from "ackloop/inspector";
import { silent } from "../../core/logger.ts";
import { type Context, command } from "../command.ts";
import { checkCommand, Executor } from "../execute.ts";
import { text, type ValuesOf, whole, withDefault } from "../option.ts";
import { oneLine } from "../output.ts";
import { redactOption } from "../redact.ts";
import { serve } from "../serve.ts";
import { stateOptions } from "../state.ts";
import { untilAborted } from "../wait.ts";
import { withState } from "../with-state.ts";

const options = {
  ...stateOptions,
  port: withDefault(whole("number", "the port; 0 takes a free one", 0, 65_535), 0),
  exec: text("command", "the shell command that a letter's event is sent to, as JSON"),
  redact: redactOption,
};

type InspectContext = Context<ValuesOf<typeof options>>;

export const inspect = command({
  name: "inspect",
  summary: "serve a page over the state on 127.0.0.1",
  details:
    "Dead letters, saved places, leases and inboxes, until Ctrl+C. Whoever has the\n" +
    "printed address may read and change them: it holds a secret, new each time.",
  options,
  examples: [
    ["inspect --state state.db", "look at it in a browser"],
    ["inspect --state state.db --exec ./handle.sh", "and send letters again"],
  ],
  run: async (context) => {
    const { exec } = context.values;
    if (exec !== undefined) await checkCommand(exec);
    return await withState(context, async ({ stores, place }) => {
      const { output, signal, values } = context;
      const { inspector } = await import("ackloop/inspector");
      const path = `/${randomBytes(16).toString("hex")}/`;
      const handle = inspector({
        ...{ stores, path, title: `ackloop: ${oneLine(place)}`.slice(0, 100) },
        hosts: ["127.0.0.1", "localhost"],
        // Whoever knows the path.
        authorize: () => true,
        redact: values.redact,
        redrive: exec === undefined ? undefined : toRedrive(context, exec),
        logger: { ...silent, error: (line) => output.note(oneLine(line)) },
      });
      const served = await serve(handle, values.port);
      const url = `http://127.0.0.1:${served.port}${path}`;
      output.json({ url, port: served.port, state: place });
      output.line(`${url}\nshows ${oneLine(place)}. Stop with Ctrl+C.`);
      await untilAborted(signal);
      served.cut();
      await served.close();
      return undefined;
    });
  },
});

/** Sends a letter's event to a command of the shell. */
function toRedrive({ output, signal: ending }: InspectContext, exec: string): Redrive {
  const executor = new Executor(exec, output);
  return async (letters, { signal = ending, ...wish }, { feed }) => {
    const { redrive } = await import("ackloop");
    const handler = (event: Parameters<Executor["run"]>[0], context: { signal: AbortSignal }) =>
      executor.run(event, context.signal);
    return await redrive(letters, feed, handler, { ...wish, signal, logger: false });
  };
}
