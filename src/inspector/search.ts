import type { DeadLetter, DeadLetterStore, StoreKey } from "../core/stores.ts";

/** How many letters are asked for at once: each may be large, whatever those before were. */
const PAGE = 25;

/** How long one search may take, in ms: whoever wants more goes on where it has ended. */
const WITHIN_MS = 400;

/** Which letters are wanted. */
export interface LetterSearch {
  /** Go on after this page. */
  readonly after?: string | undefined;
  /** A text that the letter has somewhere, in whatever case. */
  readonly text?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a letter has a text, in whatever case. */
export function hasText(whole: string, text: string): boolean {
  const within = whole.toLowerCase();
  const sought = text.toLowerCase();
  // As a person reads it, where JSON writes `\\"`; and as somebody has copied it from JSON.
  return within.includes(JSON.stringify(sought).slice(1, -1)) || within.includes(sought);
}

/** What was found. */
export interface FoundLetters<Shown> {
  readonly found: readonly Shown[];
  /** Where to go on; absent at the end. */
  readonly next?: string | undefined;
  /** How many letters were looked at. */
  readonly looked: number;
}

/** A letter as it is shown, and its text, in which is searched: nobody finds what is masked. */
export type Showing<Shown> = (letter: DeadLetter) => {
  readonly shown: Shown;
  readonly text: string;
};

/**
 * Gives a page of letters; with a text those that have it, of as many as could be looked at in a short time.
 * It holds no more than some letters at once, however many there are.
 */
export async function searchLetters<Shown>(
  store: Pick<DeadLetterStore, "list">,
  key: StoreKey,
  { after, text = "", signal }: LetterSearch,
  show: Showing<Shown>,
): Promise<FoundLetters<Shown>> {
  const until = performance.now() + WITHIN_MS;
  const found: Shown[] = [];
  let looked = 0;
  let next = after;
  do {
    const page = await store.list(key, { limit: PAGE, after: next, signal });
    for (const letter of page.letters) {
      const { shown, text: whole } = show(letter);
      if (text === "" || hasText(whole, text)) found.push(shown);
    }
    looked += page.letters.length;
    next = page.next;
  } while (next !== undefined && found.length < PAGE && performance.now() < until);
  return { found, next, looked };
}
