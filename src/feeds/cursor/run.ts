import { reasonOf, throwIfAborted } from "../../core/abort.ts";
import { AckloopError, isAckloopError } from "../../core/errors.ts";
import type { CallOptions } from "../../core/feed.ts";
import { foreignLimitMs } from "../../core/foreign.ts";
import { ask, toFailure } from "../../core/guard.ts";
import { toNetworkFailure } from "../../core/network.ts";
import { sleep } from "../../core/sleep.ts";
import type { CursorStore, StoredCursor, StoreKey } from "../../core/stores.ts";
import { decodePlace, encodePlace, type Place, type SavedPlace, unknownPlace } from "./place.ts";

/** Where a reader's place is kept. */
export interface Ledger {
  /** The store. */
  readonly store: CursorStore;
  /** Whose place it is. */
  readonly key: StoreKey;
  /** The provider, for errors. */
  readonly provider: string;
}

/**
 * What the receipts of one run share. A feed keeps nothing between calls, so the run lives here: a
 * pull without `after` makes it, and every receipt carries it on.
 */
export interface Run {
  /** Tells this run's saves from those of any other. */
  readonly mark: string;
  /** Where the run stands: the place that was saved last. */
  place: Place;
  /** Which step of the run that place is, as its receipts count them. */
  sequence: number;
  /** The revision that the next save is made on. */
  revision: number;
  /** When long emptiness was last checked by time, epoch ms. */
  checkedAt: number | undefined;
  /** How many items are asked for at most, after an answer that was too long; it grows again. */
  pageLimit: number;
  /** How many were asked for last. */
  askedLimit: number;
  /** The items of the last page where none had a position: they come again, and are delivered once. */
  nameless: readonly string[];
  /** Ends when the save in flight ends; never rejects. Saves of one run go one after the other. */
  saving: Promise<unknown>;
}

/** How far a save went: it moved the place, or the place was there or further already. */
export type Advance = "saved" | "behind";

/** One save may meet its own earlier ones, whose answers were lost; more than this is no accident. */
const maxOwnConflicts = 3;

/** How often a run that begins tries to take the place over from one that goes on saving. */
const mostTakeovers = 30;

/** The longest wait between two of these tries, in ms. */
const takeoverMaxMs = 250;

/**
 * Begins a run: loads the place, and saves it again under the run's own mark before anything is read.
 *
 * The save is what fences: whoever held the place before saves on an older revision from now on, and
 * is refused. Where nothing is stored, the start point is what is saved. A run that saves in between is
 * taken over all the same: this one has read nothing yet, so it loads and saves again, after a short wait
 * that is drawn.
 *
 * @throws {AckloopError} `conflict` when the place was saved in between at each of thirty tries.
 */
export async function startRun(
  ledger: Ledger,
  startAt: () => Place | Promise<Place>,
  options: CallOptions,
): Promise<Run> {
  throwIfAborted(options.signal);
  let start: Place | undefined;
  for (let tries = 1; ; tries += 1) {
    const { saved, revision } = await load(ledger, options);
    if (saved === undefined) start ??= await startAt();
    const run = toRun(saved, revision, start ?? {});
    try {
      await write(ledger, run, run.place, 0, options);
      return run;
    } catch (error) {
      if (!isConflict(error) || tries >= mostTakeovers) throw error;
    }
    await sleep(Math.random() * Math.min(takeoverMaxMs, 5 * 2 ** tries), options.signal);
  }
}

/** @throws {AckloopError} `config` for what another program has stored. */
async function load(
  ledger: Ledger,
  options: CallOptions,
): Promise<{ readonly saved?: SavedPlace; readonly revision: number }> {
  const stored = await askStore(ledger, "load cursor", options, (own) =>
    ledger.store.load(ledger.key, own),
  );
  if (stored === undefined) return { revision: 0 };
  const saved = decodePlace(stored.value);
  if (saved === undefined) throw unknownPlace(ledger.provider);
  return { saved, revision: stored.revision };
}

function toRun(saved: SavedPlace | undefined, revision: number, start: Place): Run {
  return {
    mark: crypto.randomUUID(),
    place: saved?.place ?? start,
    sequence: 0,
    revision,
    checkedAt: saved?.checkedAt,
    pageLimit: Number.POSITIVE_INFINITY,
    askedLimit: Number.POSITIVE_INFINITY,
    nameless: [],
    saving: Promise.resolve(),
  };
}

function isConflict(error: unknown): boolean {
  return isAckloopError(error) && error.code === "conflict";
}

/**
 * Moves the saved place of a run on, by compare-and-set. An older place than the saved one is left
 * alone.
 *
 * A save that finds one of the run's own already there goes on from it: the answer to that one was
 * lost.
 *
 * @throws {AckloopError} `conflict` when another run has the place now; nothing is overwritten.
 */
export function advanceRun(
  ledger: Ledger,
  run: Run,
  place: Place,
  sequence: number,
  options: CallOptions,
): Promise<Advance> {
  return inTurn(run, async () => {
    if (sequence <= run.sequence) return "behind";
    return await write(ledger, run, place, sequence, options);
  });
}

/** Remembers beyond this process that long emptiness has just been checked. */
export async function saveCheck(ledger: Ledger, run: Run, options: CallOptions): Promise<void> {
  await inTurn(run, () => write(ledger, run, run.place, run.sequence, options));
}

function inTurn<Result>(run: Run, work: () => Promise<Result>): Promise<Result> {
  const turn = run.saving.then(work);
  run.saving = turn.catch(ignore);
  return turn;
}

function ignore(): void {}

async function write(
  ledger: Ledger,
  run: Run,
  place: Place,
  sequence: number,
  options: CallOptions,
): Promise<Advance> {
  const value = encodePlace({ place, run: run.mark, sequence, checkedAt: run.checkedAt });
  for (let tries = 0; tries <= maxOwnConflicts; tries += 1) {
    throwIfAborted(options.signal);
    const result = await askStore(ledger, "save cursor", options, (own) =>
      ledger.store.save(ledger.key, value, run.revision, own),
    );
    if (result.status === "saved") {
      Object.assign(run, { revision: result.revision, place, sequence });
      return "saved";
    }
    const own = ownSave(result.current, run);
    if (!own) break;
    Object.assign(run, own);
    if (result.current?.value === value) return "saved";
    if (own.sequence > sequence) return "behind";
  }
  throw new AckloopError(
    "conflict",
    "another run has this consumer's place now, so nothing was saved; " +
      "let one process at a time read a feed as one consumer",
    { provider: ledger.provider, operation: "save cursor" },
  );
}

/**
 * A store of the user's throws whatever its driver does. What is neither an error of ours nor a bug may
 * pass, so it is `transport` and retryable: the loop asks again with pacing, as with every store. One
 * that gives no answer must not hold up the run's later saves, which wait their turn.
 */
async function askStore<Value>(
  { provider }: Ledger,
  operation: string,
  { signal }: CallOptions,
  call: (options: CallOptions) => Promise<Value>,
): Promise<Value> {
  const asking = { what: operation, whom: provider, limitMs: foreignLimitMs, signal };
  const answer = await ask(asking, (own) => call({ signal: own }));
  if (answer.kind === "answered") return answer.value;
  if (answer.kind === "cut") throw reasonOf(signal);
  if (!("thrown" in answer)) throw answer.error;
  const { thrown: cause } = answer;
  if (toNetworkFailure(cause) === undefined || toFailure(cause, asking) === cause) throw cause;
  throw new AckloopError("transport", "the cursor store failed", {
    provider,
    operation,
    retryable: true,
    cause,
  });
}

/** What the run itself saved without hearing of it, if that is what the store holds. */
function ownSave(
  current: StoredCursor | undefined,
  run: Run,
): Pick<Run, "revision" | "place" | "sequence"> | undefined {
  const saved = current && decodePlace(current.value);
  // A value of another kind is somebody else's, and becomes the conflict that it is.
  if (!current || saved?.run !== run.mark) return undefined;
  return { revision: current.revision, place: saved.place, sequence: saved.sequence };
}
