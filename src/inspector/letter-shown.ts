import type { DeadLetter } from "../core/stores.ts";
import { factsOf, toText } from "./facts.ts";
import type { Redacted, Redactor } from "./redact.ts";
import type { LetterLine, LetterShown, Texts } from "./shown.ts";

/** How many characters of an event, and of a provider's object, are sent to the page. */
const MOST_SHOWN = 100_000;

/** A reason may be long; a list shows its beginning. */
const REASON_SHOWN = 300;

/** The letter as it may be shown. What redacts may give whatever it likes. */
export function redacted(letter: DeadLetter, redact: Redactor): Redacted<DeadLetter> {
  const { value, isMasked } = redact(letter);
  const { consumer, feed, identity } = letter;
  return { value: { ...Object(value), consumer, feed, identity }, isMasked };
}

/** A letter as a line of a list. */
export function toLine({
  identity,
  reason,
  code,
  attempts,
  failedAt,
  event,
}: DeadLetter): LetterLine {
  return {
    identity,
    reason: toText(reason).slice(0, REASON_SHOWN),
    code: code === undefined ? code : (toText(code) as LetterLine["code"]),
    attempts: typeof attempts === "number" ? attempts : Number.NaN,
    failedAt: toText(failedAt),
    event: factsOf(event),
  };
}

/** A letter by itself. */
export function toShown({ value: letter, isMasked }: Redacted<DeadLetter>): LetterShown {
  return { ...toLine(letter), reason: toText(letter.reason), ...toTexts(letter), isMasked };
}

/** An event and what the provider sent, as far as they are shown. */
export function toTexts({ event, raw }: Pick<DeadLetter, "event" | "raw">): Texts {
  const eventText = event && JSON.stringify(event);
  const rawText = JSON.stringify(raw) ?? "null";
  const isLong = (text = ""): boolean => text.length > MOST_SHOWN;
  return {
    eventText: eventText?.slice(0, MOST_SHOWN),
    rawText: rawText.slice(0, MOST_SHOWN),
    size: (eventText?.length ?? 0) + rawText.length,
    isCut: isLong(eventText) || isLong(rawText),
  };
}
