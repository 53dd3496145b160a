import { AckloopError, isAckloopError } from "../core/errors.ts";
import { readIdentity } from "../core/identity.ts";
import type {
  DeadLetter,
  DeadLetterStore,
  EventKey,
  Inbox,
  Listing,
  ListQuery,
} from "../core/stores.ts";
import type { Run } from "../loop/run.ts";
import type { Call } from "./call.ts";
import { loadPlace, factsOf as placeOf, replace, rewind } from "./cursors.ts";
import { findEntry, searchEntries } from "./entries.ts";
import { factsOf } from "./facts.ts";
import { findLease } from "./leases.ts";
import { redacted, toLine, toShown } from "./letter-shown.ts";
import type { Numbers } from "./numbers.ts";
import type { InspectorSettings } from "./options.ts";
import type { Redactor } from "./redact.ts";
import { checkEvent, redriveLetter } from "./redrive.ts";
import { searchLetters } from "./search.ts";
import type { Abilities, LiveShown, RunSteered } from "./shown.ts";
import { toSkipKey } from "./skips.ts";
import { unmask } from "./unmask.ts";
import { Watchers } from "./watch-runs.ts";

/** What an answer may be made of: anything that JSON holds. */
type Answering = (call: Call) => unknown;

/**
 * The letters of each store that are being dealt with, so that of two people one sends each; of whichever inspector of
 * this process.
 */
const atWork = new WeakMap<object, Set<string>>();

/** How many of a listing are shown at once. */
const PAGE = 100;

/** Does what the page asks, by the functions that the commands of `ackloop` use too. */
export class Desk {
  readonly #settings: InspectorSettings;
  readonly #redact: Redactor;
  readonly #numbers: Numbers;

  constructor(settings: InspectorSettings, redact: Redactor, numbers: Numbers) {
    this.#settings = settings;
    this.#redact = redact;
    this.#numbers = numbers;
  }

  /** What may be asked without a change. */
  readonly looks: Readonly<Record<string, Answering>> = {
    "api/about": () => this.#about(),
    "api/runs": () => this.#runs(),
    "api/places": (call) => this.#list(this.#letters.places?.bind(this.#letters), call),
    "api/letters": (call) => this.#search(call),
    "api/letter": async (call) => toShown(redacted(await this.#letter(call), this.#redact)),
    "api/skips": (call) => this.#skips(call),
    "api/cursors": (call) => this.#cursors(call),
    "api/leases": (call) => {
      const leases = this.#store("leases");
      return this.#list(leases.list?.bind(leases), call);
    },
    "api/inbox": (call) => this.#inbox(call),
    "api/entries": async (call) => {
      const inbox = call.text("inbox");
      const search = {
        after: call.maybeText("after"),
        text: call.maybeText("text"),
        signal: call.signal,
      };
      const { found, ...page } = await searchEntries(this.#inboxes, inbox, search, this.#redact);
      return { inbox, entries: found, ...page };
    },
    "api/entry": (call) => this.#entry(call),
  };

  /** What changes something. */
  readonly changes: Readonly<Record<string, Answering>> = {
    "api/redrive": (call) => this.#redrive(call),
    "api/discard": (call) => this.#discard(call),
    "api/skip": (call) => this.#skip(call, true),
    "api/unskip": (call) => this.#skip(call, false),
    "api/rewind": async (call) => {
      const { to, save } = await rewind(this.#store("cursors"), call.key, call.whole("time"));
      await save();
      return { to };
    },
    "api/move": async (call) => {
      const store = this.#store("cursors");
      await replace(store, call.key, call.text("value"), call.whole("revision"));
      return {};
    },
    "api/release": async (call) => {
      const store = this.#store("leases");
      const { fence } = await findLease(store, call.key);
      if (fence !== call.whole("fence")) {
        throw new AckloopError("conflict", "another holds the lease now: look again");
      }
      await store.release(call.key, fence, { signal: call.signal });
      return {};
    },
    "api/pause": (call) => this.#steer(call, (run) => run.pause()),
    "api/resume": (call) => this.#steer(call, (run) => run.resume()),
    "api/reload": (call) => this.#steer(call, (run) => run.reload()),
  };

  #about(): Abilities {
    const { title, hasRuns, stores, redrive } = this.#settings;
    return {
      title,
      runs: hasRuns,
      deadLetters: stores.deadLetters !== undefined,
      cursors: stores.cursors?.list !== undefined,
      leases: stores.leases?.list !== undefined,
      inbox: stores.inbox?.list !== undefined,
      entries: stores.inbox?.entries !== undefined,
      redrive: redrive !== undefined,
    };
  }

  #store<Name extends "cursors" | "deadLetters" | "leases" | "inbox">(name: Name) {
    const store = this.#settings.stores[name];
    if (store === undefined) throw new AckloopError("notFound", `there is no store of ${name}`);
    return store as NonNullable<InspectorSettings["stores"][Name]>;
  }

  get #inboxes(): Pick<Required<Inbox>, "entries"> {
    const inbox = this.#store("inbox");
    const entries = inbox.entries?.bind(inbox);
    if (entries === undefined) throw new AckloopError("notFound", "this store lists no entries");
    return { entries };
  }

  get #letters(): DeadLetterStore {
    return this.#store("deadLetters");
  }

  /** All runs of now, for one who asks once. */
  #runs(): LiveShown {
    if (!this.#settings.hasRuns) {
      throw new AckloopError("notFound", "this inspector shows no runs, but stores alone");
    }
    const watchers = new Watchers(this.#redact, this.#numbers);
    try {
      return { at: Date.now(), runs: watchers.take(this.#settings.runs()) };
    } finally {
      watchers.end();
    }
  }

  async #steer(call: Call, change: (run: Run) => unknown): Promise<RunSteered> {
    const run = this.#run(call);
    await change(run);
    const { feed, consumer } = run.details({ most: 0 });
    return { id: call.whole("run"), feed, consumer, state: run.health().state };
  }

  #run(call: Call): Run {
    const id = call.whole("run");
    const run = this.#settings.runs().find((each) => this.#numbers.of(each) === id);
    if (run === undefined) throw new AckloopError("notFound", "there is no such run any more");
    return run;
  }

  async #list<Item>(
    list: ((query: ListQuery) => Promise<Listing<Item>>) | undefined,
    call: Call,
  ): Promise<Listing<Item>> {
    if (list === undefined) throw new AckloopError("notFound", "this store lists nothing");
    return await list({ limit: PAGE, after: call.maybeText("after"), signal: call.signal });
  }

  async #search(call: Call): Promise<object> {
    const { key, signal } = call;
    const { found, next, looked } = await searchLetters(
      this.#letters,
      key,
      { after: call.maybeText("after"), text: call.maybeText("text"), signal },
      (letter) => {
        const { value } = redacted(letter, this.#redact);
        return { shown: toLine(value), text: JSON.stringify(value) };
      },
    );
    return { ...key, letters: found, next, looked };
  }

  #keyOf(call: Call): EventKey {
    return { ...call.key, identity: call.text("identity") };
  }

  async #letter(call: Call): Promise<DeadLetter> {
    const letter = await this.#letters.get(this.#keyOf(call), { signal: call.signal });
    if (letter !== undefined) return letter;
    throw new AckloopError(
      "notFound",
      "the letter is not there any more: another has dealt with it",
    );
  }

  async #redrive(call: Call): Promise<object> {
    const { redrive: send, stores } = this.#settings;
    const { dedupe } = stores;
    if (send === undefined) {
      throw new AckloopError(
        "config",
        "this inspector was given no `redrive`: it can send nothing",
      );
    }
    return await this.#alone(this.#keyOf(call), async () => {
      const letter = await this.#letter(call);
      const event = call.get("event");
      const isEdited = event !== undefined;
      if (isEdited) this.#checkSeen(letter, call.maybeText("failedAt"));
      const edited = isEdited ? checkEvent(this.#unmasked(event, letter), letter) : undefined;
      const { signal } = call;
      try {
        const result = await redriveLetter(this.#letters, letter, {
          ...{ send, event: edited, signal },
          dedupe: dedupe && { store: dedupe },
        });
        if (result.status !== "failed") return result;
        return { ...result, reason: this.#reasonOf(letter, result.reason) };
      } catch (error) {
        if (!isAckloopError(error)) throw error;
        const { code, retryable } = error;
        throw new AckloopError(code, this.#reasonOf(letter, error.message), { retryable });
      }
    });
  }

  /** Why a letter could not be sent, as it may be shown. */
  #reasonOf(letter: DeadLetter, reason: string): string {
    return String(redacted({ ...letter, reason }, this.#redact).value.reason);
  }

  /** Refuses what was made of a letter that is another now: of two events one would be made. */
  #checkSeen(letter: DeadLetter, seen: string | undefined): void {
    const { failedAt } = toLine(redacted(letter, this.#redact).value);
    if (seen === undefined || seen === failedAt) return;
    throw new AckloopError("conflict", "the letter is another since you looked at it: look again");
  }

  /** An edited event, with what was masked put back. */
  #unmasked(event: unknown, letter: DeadLetter): unknown {
    const shown = redacted(letter, this.#redact).value.event;
    const whole = unmask(event, shown, letter.event);
    if (whole !== undefined) return whole;
    const text = "the event holds what is masked, in a place where it cannot be put back";
    throw new AckloopError("config", text);
  }

  /** Does something with a letter, unless another is at it. */
  async #alone<Result>(key: EventKey, work: () => Promise<Result>): Promise<Result> {
    const name = JSON.stringify([key.consumer, key.feed, key.identity]);
    const store = this.#letters;
    const names = atWork.get(store) ?? new Set();
    atWork.set(store, names);
    if (names.has(name)) {
      throw new AckloopError("conflict", "the letter is being sent just now, by another person");
    }
    names.add(name);
    try {
      return await work();
    } finally {
      names.delete(name);
    }
  }

  async #discard(call: Call): Promise<object> {
    const { key, signal } = call;
    let discarded = 0;
    for (const identity of call.texts("identities").slice(0, PAGE)) {
      await this.#alone({ ...key, identity }, () => {
        return this.#letters.remove({ ...key, identity }, { signal });
      });
      discarded += 1;
    }
    return { discarded };
  }

  async #skips(call: Call): Promise<object> {
    const letters = this.#letters;
    const page = await this.#list(letters.skips?.bind(letters, call.key), call);
    return {
      ...page,
      items: page.items.map((skip) => ({ ...skip, event: readIdentity(skip.identity) })),
    };
  }

  async #skip(call: Call, isSkipped: boolean): Promise<object> {
    const letters = this.#letters;
    const change = isSkipped ? letters.skip : letters.unskip;
    if (change === undefined) throw new AckloopError("config", "this store keeps no skips");
    const identity = call.maybeText("identity");
    const { inbox } = this.#settings.stores;
    const wish = () => ({ ...call.key, id: call.text("id"), source: call.maybeText("source") });
    const key =
      identity === undefined
        ? await toSkipKey({ deadLetters: letters, inbox }, wish())
        : { ...call.key, identity };
    await change.call(letters, key, { signal: call.signal });
    const runs = this.#settings.runs().filter((run) => run.health().feed === key.feed);
    // One whose store is away reads them once it is back: that is not waited for.
    for (const run of runs) run.reload().catch(() => {});
    return { identity: key.identity };
  }

  async #cursors(call: Call): Promise<object> {
    const cursors = this.#store("cursors");
    if (call.maybeText("consumer") !== undefined) {
      const stored = await loadPlace(cursors, call.key);
      return { ...call.key, ...stored, ...placeOf(stored.value) };
    }
    const page = await this.#list(cursors.list?.bind(cursors), call);
    const items = page.items.map((place) => {
      const facts = placeOf(place.value);
      return { ...place, ...facts, canRewind: facts !== undefined };
    });
    return { ...page, items };
  }

  async #inbox(call: Call): Promise<object> {
    const inbox = this.#store("inbox");
    const page = await this.#list(inbox.list?.bind(inbox), call);
    const items = page.items.map(({ oldest, ...place }) => {
      return { ...place, oldest: factsOf(this.#redact(oldest).value.event) };
    });
    return { ...page, items };
  }

  async #entry(call: Call): Promise<object> {
    const at = call.whole("at");
    if (at >= 1000) throw new AckloopError("request", "at must be below 1000");
    const id = call.maybeText("id");
    const event =
      id === undefined ? undefined : { id, source: call.maybeText("source") ?? "", type: "" };
    const wish = {
      ...{ after: call.maybeText("after"), at, event },
      unreadable: call.maybeText("unreadable"),
    };
    return await findEntry(this.#inboxes, call.text("inbox"), wish, this.#redact, call.signal);
  }
}
