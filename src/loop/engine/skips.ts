import { sha256 } from "../../core/digest.ts";
import { messageOf, toErrorFacts } from "../../core/error-facts.ts";
import type { MaybePromise } from "../../core/guard.ts";
import { contentIdentityOf, identityOf } from "../../core/identity.ts";
import type { Logger } from "../../core/logger.ts";
import type { Listing, Skip } from "../../core/stores.ts";
import type { HandlingSettings } from "../options.ts";
import { asItCame } from "./copy.ts";
import type { Entry } from "./entry.ts";
import type { Service } from "./service.ts";
import { toText } from "./storable.ts";

/** That an event is to be skipped: why, for its letter, and by which identity it was said. */
export interface Skipped {
  readonly reason: string;
  readonly skip: string;
}

/** What skipping works with. */
export interface SkipsParts {
  readonly feed: string;
  readonly settings: Pick<HandlingSettings, "consumer" | "deadLetters">;
  readonly log: Logger;
  /** The dead-letter store, at its one pace. */
  readonly letters: Pick<Service, "ask">;
  /** Whether what has no receipt can never be acknowledged, and comes again. */
  readonly isIndividual: boolean;
  /** Fires when no handler is started any more. */
  readonly stopping: AbortSignal;
  /** Fires when nothing is let go of any more. */
  readonly left: AbortSignal;
}

/**
 * The events of a run that a person has said are to be skipped. It reads them and knows them again; it sets
 * none aside.
 *
 * A skip is taken back when its event is acknowledged, and not when its letter is stored: killed in between,
 * the run would meet the event again, without the skip.
 */
export class Skips {
  readonly #parts: SkipsParts;
  #known = new Set<string>();
  #isRead: boolean;
  /** Ends when the reading under way has ended; never rejects. */
  #reading: Promise<unknown> = Promise.resolve();
  /** What was set aside and is not acknowledged, each with the identity of its skip. */
  readonly #used = new Map<Entry, string>();
  readonly #takingBack = new Set<Promise<void>>();

  constructor(parts: SkipsParts) {
    this.#parts = parts;
    this.#isRead = !this.#canRead;
  }

  get #canRead(): boolean {
    return this.#parts.settings.deadLetters?.skips !== undefined;
  }

  /** Whether it is known what is to be skipped, so that handlers may start. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** What was read is too old: handlers wait until it is read again. */
  forget(): void {
    this.#isRead = !this.#canRead;
  }

  /**
   * Reads what is to be skipped; ends when that is known, or nobody wants to know any more.
   *
   * @throws {AckloopError} `config`: what repeating cannot mend.
   */
  read(): Promise<void> {
    const read = this.#reading.then(() => this.#read());
    this.#reading = read.catch(() => {});
    return read;
  }

  async #read(): Promise<void> {
    if (!this.#canRead) return;
    const { settings, feed, letters, stopping } = this.#parts;
    const { deadLetters, consumer } = settings;
    const known = new Set<string>();
    let after: string | undefined;
    let before: number;
    do {
      const query = { limit: PAGE, after };
      before = known.size;
      const page = await letters.ask("skips", stopping, async (signal) =>
        checkPage(await deadLetters?.skips?.({ consumer, feed }, { ...query, signal })),
      );
      if (page === undefined) return;
      for (const { identity } of page.value.items) known.add(identity);
      after = page.value.next;
      // A store of the user's that gives one page for ever has an end too.
    } while (after !== undefined && known.size > before);
    this.#known = known;
    this.#isRead = true;
  }

  /** Says that an event is to be skipped; `undefined` where it is not. */
  find(entry: Entry): MaybePromise<Skipped | undefined> {
    if (this.#known.size === 0) return undefined;
    const names = [entry.identity, ...(entry.id === "" ? [] : [identityOf(entry)])];
    const name = names.find((each) => this.#known.has(each));
    if (name !== undefined) return toSkipped(name);
    if (entry.id !== "") return undefined;
    const known = (digest: string): Skipped | undefined => {
      const identity = contentIdentityOf(digest);
      return this.#known.has(identity) ? toSkipped(identity) : undefined;
    };
    const digest = digestOf(entry);
    return typeof digest === "string" ? known(digest) : digest.then(known);
  }

  /**
   * Says how a person has an event skipped, as a command of the shell; an empty text where the store keeps no
   * skips.
   */
  adviceOn(entry: Entry): MaybePromise<string> {
    if (!this.#canRead) return "";
    const { settings, feed } = this.#parts;
    const command = ["ackloop", "skip", "--consumer", settings.consumer, "--feed", feed];
    const advice = (...parts: readonly string[]): string =>
      `; to go on without it: ${[...command, ...parts].map(toWord).join(" ")}`;
    if (entry.id !== "") return advice("--source", entry.source, "--", entry.id);
    const digest = digestOf(entry);
    const ofContent = (known: string): string => advice(`sha256:${known}`);
    return typeof digest === "string" ? ofContent(digest) : digest.then(ofContent);
  }

  /** The letter of an event that was to be skipped is stored. */
  used(entry: Entry, identity: string): void {
    // It stays at the provider, and is to be skipped by the next run too.
    if (this.#parts.isIndividual && entry.receipt === undefined) return;
    this.#used.set(entry, identity);
  }

  /** Takes back the skips of what is acknowledged by now. */
  takeBack(): void {
    for (const [entry, identity] of this.#used) {
      if (entry.state !== "acked") continue;
      this.#used.delete(entry);
      this.#known.delete(identity);
      const taking = this.#unskip(identity).finally(() => this.#takingBack.delete(taking));
      this.#takingBack.add(taking);
    }
  }

  /** Ends when all of that is done, or nothing is let go of any more. */
  async leave(): Promise<void> {
    this.takeBack();
    await Promise.all(this.#takingBack);
  }

  async #unskip(identity: string): Promise<void> {
    const { settings, feed, letters, left, log } = this.#parts;
    const { deadLetters, consumer } = settings;
    const key = { consumer, feed, identity };
    const taking = letters.ask("unskip", left, async (signal) =>
      deadLetters?.unskip?.(key, { signal }),
    );
    await taking.catch((error: unknown) => {
      const next = "it stays in the list, and is of no account unless its event comes again";
      const text = `the skip of ${identity} could not be taken back: ${messageOf(error)}; ${next}`;
      log.warn(text, { error: toErrorFacts(error) });
    });
  }
}

/** How many skips are asked for at once. */
const PAGE = 1000;

/** A store of the user's may answer anything. */
function checkPage(page: Listing<Skip> | undefined): Listing<Skip> {
  if (page === undefined) return { items: [] };
  if (Array.isArray(page.items) && page.items.every(({ identity }) => typeof identity === "string"))
    return page;
  throw new Error("the store gave no list of skips");
}

/** What tells an item without an id from others: the SHA-256 of its content. */
function digestOf(entry: Entry): MaybePromise<string> {
  return sha256(new TextEncoder().encode(toText(asItCame(entry).raw)));
}

const toSkipped = (skip: string): Skipped => ({ reason: "skipped by hand", skip });

/** A text as a word of a shell's command. */
function toWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
