import type { AckloopError } from "../core/errors.ts";
import type { FeedEvent } from "../core/event.ts";
import type { Incident, RunDetails } from "../loop/details.ts";
import { toText } from "./facts.ts";
import { MASK } from "./mask.ts";
import type { Redactor } from "./redact.ts";

/** An incident has no more of a text, in characters. */
const CUT_AT = 500;

/** What is shown where a text may hold anything of an event that is not at hand. */
const HIDDEN = `${MASK}: its event is not at hand`;

/** The texts of a run as they may be shown. What was made of an event's text is kept for as long as the event is. */
export class Texts {
  readonly #redact: Redactor;
  readonly #made = new WeakMap<FeedEvent, { readonly text: string; readonly shown: string }[]>();

  constructor(redact: Redactor) {
    this.#redact = redact;
  }

  /** Whether nothing of a text can be masked without its event. */
  get needsEvent(): boolean {
    return this.#redact.needsEvent;
  }

  /** A text that tells of an event. */
  of(text: string, event: FeedEvent | undefined): string {
    if (event === undefined) return this.needsEvent ? HIDDEN : this.plain(text);
    // Each second the same is asked, and an event may be large.
    const made = this.#made.get(event) ?? [];
    const known = made.find((each) => each.text === text);
    if (known) return known.shown;
    const shown = toText(this.#redact({ event, text }).value.text);
    this.#made.set(event, [{ text, shown }, ...made].slice(0, MOST_KEPT));
    return shown;
  }

  /** A text in which nothing of an event is. */
  plain(text: string): string {
    return toText(this.#redact({ text }).value.text);
  }
}

/** How many texts of one event are kept. */
const MOST_KEPT = 4;

/** What a provider or a feed has said by itself: no event has passed through it. */
const ofProviders: readonly Incident["kind"][] = ["pollFailed", "ackFailed"];

/** The texts of one run that are of no event, or name it. */
export class RunTexts {
  readonly #texts: Texts;
  readonly #of: Pick<RunDetails, "feed" | "open" | "incidents">;

  constructor(texts: Texts, details: Pick<RunDetails, "feed" | "open" | "incidents">) {
    this.#texts = texts;
    this.#of = details;
  }

  /** What befell no event by itself. A handler or a store may have written anything of one into it. */
  ofNone(text: string, kind: Incident["kind"]): string {
    if (!this.#texts.needsEvent || ofProviders.includes(kind)) return this.#texts.plain(text);
    const { feed, open } = this.#of;
    const named = open.find(({ event }) => {
      return event && text.startsWith(`${feed}: event ${event.id} (${event.type}): `);
    });
    return this.#texts.of(text, named?.event);
  }

  /** The error of a run's health. */
  ofLast({ code, message, provider, operation }: AckloopError): string {
    const known = this.#of.incidents.findLast(({ text, event }) => {
      const isWhole = text.length >= Math.min(message.length, CUT_AT);
      return event === undefined && isWhole && message.startsWith(text);
    });
    const text = this.ofNone(message, known?.kind ?? "halted");
    // Where and at what it failed may be known.
    const subject = [provider, operation].filter(Boolean).join(" ");
    return text === HIDDEN && subject ? `${code}: ${subject}: ${HIDDEN}` : `${code}: ${text}`;
  }
}
