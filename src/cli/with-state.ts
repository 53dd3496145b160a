import type { Context } from "./command.ts";
import { required, text, type ValuesOf } from "./option.ts";
import { openState, type State, type stateOptions } from "./state.ts";

/** The options of a command for one consumer and feed. */
export const placeOptions = {
  consumer: required(text("name", "the reader's name, as the program says it")),
  feed: required(text("name", "the feed's name")),
};

/** The options of a command for one consumer and feed, or for all. */
export const anyPlaceOptions = {
  consumer: text("name", "only this reader's"),
  feed: text("name", "only this feed's"),
};

/** Opens the state, works with it, and closes it however that ends. */
export async function withState<Result>(
  context: Pick<Context<ValuesOf<typeof stateOptions>>, "values" | "environment">,
  work: (state: State) => Promise<Result>,
): Promise<Result> {
  const state = await openState(context);
  try {
    return await work(state);
  } finally {
    await state.close();
  }
}

/** Whether an item of a listing is one of those that were asked for. */
export function isAsked(
  item: { readonly consumer: string; readonly feed: string },
  {
    consumer,
    feed,
  }: { readonly consumer?: string | undefined; readonly feed?: string | undefined },
): boolean {
  return (
    (consumer === undefined || item.consumer === consumer) &&
    (feed === undefined || item.feed === feed)
  );
}

/** Tells how many a listing leaves out, since their names cannot be read. */
export function tellUnnamed({ output }: Pick<Context, "output">): (count: number) => void {
  return (count) => {
    output.note(
      `${count} more are not shown: the database keeps no more than a digest of their names`,
    );
  };
}

/** A length of time for people. */
export function toLength(ms: number): string {
  const units = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"],
  ] as const;
  const [size, unit] = units.find(([least]) => ms >= least) ?? [1, "ms"];
  return `${Math.round(ms / size)} ${unit}`;
}
