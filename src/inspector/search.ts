import type { DeadLetter, DeadLetterStore, StoreKey } from "../core/stores.ts";

/** How many letters of a page are shown, or looked through at first. */
const FIRST = 25;

/** How many are looked through at once, where they are small. */
const MOST = 1000;

/** A page whose letters have so many characters together is large. */
const LARGE = 2_000_000;

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
  return whole.toLowerCase().includes(text.toLowerCase());
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
  let limit = FIRST;
  let next = after;
  do {
    const page = await store.list(key, { limit, after: next, signal });
    let size = 0;
    for (const letter of page.letters) {
      const { shown, text: whole } = show(letter);
      size += whole.length;
      if (text === "" || hasText(whole, text)) found.push(shown);
    }
    looked += page.letters.length;
    next = page.next;
    limit = size > LARGE ? FIRST : Math.min(MOST, limit * 2);
  } while (next !== undefined && found.length < FIRST && performance.now() < until);
  return { found, next, looked };
}
