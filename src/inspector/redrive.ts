import { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { DeadLetter, DeadLetterStore, DedupeStore, StoreKey } from "../core/stores.ts";
import type { RedriveSummary } from "../loop/redrive.ts";
import { MASK } from "./mask.ts";

/** What a redrive of one letter is called with: options of `redrive`. */
export interface RedriveWish {
  /** Whose letter it is. */
  readonly consumer: string;
  /** True for the one letter. */
  readonly filter: (letter: DeadLetter) => boolean;
  /** Lets nobody else send it at the same time, where the inspector was given the store for it. */
  readonly dedupe?: { readonly store: DedupeStore } | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends one letter's event to the handlers of the program: `(letters, options) => redrive(letters, feed, handlers,
 * options)`. Where there are several feeds, `letter.feed` says which one it is.
 *
 * @param letters A store that shows no letter but this one, with the event as it is to be sent.
 */
export type Redrive = (
  letters: DeadLetterStore,
  options: RedriveWish,
  letter: DeadLetter,
) => Promise<RedriveSummary>;

/** What became of a letter that was sent. */
export type Redriven =
  /** Its handler was done with it, and it is taken off. */
  | { readonly status: "done" }
  /** It stays, with the new reason. */
  | { readonly status: "failed"; readonly reason: string }
  /** It stays: the run was ended before its handler was. */
  | { readonly status: "unsettled" };

/**
 * Sends one letter's event to the handlers again.
 *
 * @param event The event to send in place of the letter's own, which stays in the letter where that fails.
 * @throws {AckloopError} `config` where the letter has no event, the event is that of another letter, or the
 * program's redrive has not taken it; `conflict` where another has it at work, or has sent it; whatever halted it.
 */
export async function redriveLetter(
  store: DeadLetterStore,
  letter: DeadLetter,
  {
    send,
    event,
    dedupe,
    signal,
  }: { send: Redrive; event?: FeedEvent | undefined } & Pick<RedriveWish, "dedupe" | "signal">,
): Promise<Redriven> {
  if (letter.event === undefined) {
    throw new AckloopError("config", "the letter could not be read, and has no event to send");
  }
  const one = oneLetter(store, letter, event);
  const { consumer, identity } = letter;
  const filter = (each: DeadLetter): boolean => each.identity === identity;
  const summary = await send(one, { consumer, filter, dedupe, signal }, letter);
  if (one.failure !== undefined) return { status: "failed", reason: one.failure };
  if (one.isRemoved) return { status: "done" };
  if (summary.found > 0 && (await one.isThere(signal))) {
    if (summary.duplicates === 0) return { status: "unsettled" };
    throw new AckloopError(
      "conflict",
      "the letter is being sent just now, or was, by another: look again",
    );
  }
  if (summary.found > 0) {
    const text = "its handler was not done with it, and another has taken the letter off meanwhile";
    throw new AckloopError("notFound", text);
  }
  const text = `the program's redrive does not take letters of ${consumer} and ${letter.feed}`;
  throw new AckloopError("config", text);
}

/**
 * Checks an event that a person has written, to be sent in the place of a letter's.
 *
 * @throws {AckloopError} `config` where it is no event, or that of another letter.
 */
export function checkEvent(value: unknown, letter: DeadLetter): FeedEvent {
  const { specversion, id, source, type, time, subject, ...rest } = Object(value) as FeedEvent;
  const isText = (text: unknown): boolean => text === undefined || typeof text === "string";
  const fault = [
    [specversion !== "1.0", 'its `specversion` must be "1.0"'],
    [typeof type !== "string" || type === "", "its `type` must be a text that is not empty"],
    [!isText(time) || !isText(subject), "its `time` and `subject` must be texts"],
    [!("data" in rest), "it must have `data`"],
    [id !== letter.event?.id, "its `id` must stay as it is: by that the event is known"],
    [source !== letter.event?.source, "its `source` must stay as it is"],
    // As one that was exported from a page that masks.
    [holdsMask(value) && !holdsMask(letter.event), `it holds ${MASK} in the place of what it was`],
  ].find(([isSo]) => isSo);
  if (fault) throw new AckloopError("config", `this is no event to send: ${fault[1]}`);
  return value as FeedEvent;
}

function holdsMask(value: unknown): boolean {
  return (JSON.stringify(value) ?? "").includes(MASK);
}

/**
 * A store that shows one letter of another, so that no other is sent.
 *
 * @param event The event that it shows in place of the letter's own, which the letter keeps where that fails.
 */
export function oneLetter(
  store: DeadLetterStore,
  letter: DeadLetter,
  event?: FeedEvent | undefined,
): OneLetter {
  return new OneLetter(store, event ? { ...letter, event } : letter, letter);
}

/** A store that shows one letter of another, and remembers what became of it. */
class OneLetter implements DeadLetterStore {
  readonly #store: DeadLetterStore;
  readonly #shown: DeadLetter;
  readonly #kept: DeadLetter;
  /** Why it has failed again. */
  failure: string | undefined;
  isRemoved = false;

  constructor(store: DeadLetterStore, shown: DeadLetter, kept: DeadLetter) {
    this.#store = store;
    this.#shown = shown;
    this.#kept = kept;
  }

  async list({ consumer, feed }: StoreKey): ReturnType<DeadLetterStore["list"]> {
    const isMeant = consumer === this.#kept.consumer && feed === this.#kept.feed;
    return { letters: isMeant ? [this.#shown] : [] };
  }

  /** Whether the store has the letter still. */
  async isThere(signal: AbortSignal | undefined): Promise<boolean> {
    const { consumer, feed, identity } = this.#kept;
    return (await this.#store.get({ consumer, feed, identity }, { signal })) !== undefined;
  }

  get: DeadLetterStore["get"] = (key, options) => this.#store.get(key, options);

  put: DeadLetterStore["put"] = async (letter, options) => {
    const { event, raw } = this.#kept;
    await this.#store.put({ ...letter, event, raw }, options);
    this.failure = letter.reason;
  };

  remove: DeadLetterStore["remove"] = async (key, options) => {
    await this.#store.remove(key, options);
    this.isRemoved = true;
  };
}
