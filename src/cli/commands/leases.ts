import type { LeasePlace } from "ackloop";
import { findLease } from "../../inspector/leases.ts";
import { some, walk } from "../../inspector/walk.ts";
import { type Context, command, commandGroup } from "../command.ts";
import { confirm, yes } from "../confirm.ts";
import { oneLine } from "../output.ts";
import { stateOptions } from "../state.ts";
import {
  anyPlaceOptions,
  isAsked,
  placeOptions,
  tellUnnamed,
  toLength,
  withState,
} from "../with-state.ts";

const list = command({
  name: "list",
  summary: "list who reads which feed",
  options: { ...stateOptions, ...anyPlaceOptions },
  examples: [["leases list --state state.db", "every lease, with its holder and its end"]],
  run: (context) =>
    withState(context, async ({ stores: { leases } }) => {
      const { output } = context;
      const found = await some(leasesOf(context, leases.list));
      for (const lease of found) output.json(lease);
      if (found.length === 0) output.line("no leases");
      else {
        output.table(
          [
            { title: "CONSUMER" },
            { title: "FEED" },
            { title: "FENCE" },
            { title: "ENDS IN" },
            { title: "HOLDER", cut: true },
          ],
          found.map(({ consumer, feed, fence, endsInMs, holder }) => {
            const end = endsInMs > 0 ? toLength(endsInMs) : "ended";
            return [consumer, feed, `${fence}`, end, holder];
          }),
        );
      }
      return undefined;
    }),
});

const release = command({
  name: "release",
  summary: "end a lease, of a process that is dead",
  details:
    "A holder that is alive loses it: its run ends with `leaseLost`, and what it has\n" +
    "at work may be handled once more by the next reader.",
  options: { ...stateOptions, ...placeOptions, yes },
  examples: [
    [
      "leases release --state state.db --consumer web --feed orders",
      "for the next process, which waits for it",
    ],
  ],
  run: (context) =>
    withState(context, async ({ stores: { leases } }) => {
      const { output, values } = context;
      const { consumer, feed } = values;
      const lease = await findLease(leases, { consumer, feed });
      if (lease.endsInMs === 0) {
        output.json({ ...lease, released: false });
        output.line("the lease has ended already");
        return undefined;
      }
      const { holder, endsInMs } = lease;
      const what = `the lease of ${holder}, with ${toLength(endsInMs)} left, is ended`;
      await confirm(context, oneLine(what));
      await leases.release({ consumer, feed }, lease.fence);
      output.json({ ...lease, endsInMs: 0, released: true });
      output.line(oneLine(`the lease of ${holder} is ended`));
      return undefined;
    }),
});

type Asked = { readonly consumer?: string | undefined; readonly feed?: string | undefined };

async function* leasesOf(
  context: Context<Asked>,
  listLeases: NonNullable<import("ackloop").LeaseStore["list"]>,
): AsyncGenerator<LeasePlace, undefined> {
  for await (const lease of walk((query) => listLeases(query), tellUnnamed(context))) {
    if (isAsked(lease, context.values)) yield lease;
  }
}

export const leases = commandGroup("leases", "which process reads a feed", [list, release]);
