import { useEffect, useRef, useState } from "preact/hooks";
import { type Answer as Answered, ask, withQuery } from "../../page/parts/ask.tsx";
import { count } from "../../page/parts/text.tsx";

/** What was found so far. */
export interface Found<Line> {
  readonly lines: readonly Line[];
  readonly looked: number;
  readonly next?: string | undefined;
  readonly isLooking: boolean;
  readonly error?: string | undefined;
}

/** An answer to one look. */
interface Looked {
  readonly looked: number;
  readonly next?: string | undefined;
}

/** How many lines one look brings. */
const ENOUGH = 25;

/** What was found with one look more. */
function withMore<Answer extends Looked, Line>(
  before: Found<Line>,
  { value, error }: Answered<Answer>,
  linesOf: (answer: Answer) => readonly Line[],
): Found<Line> {
  if (value === undefined) return { ...before, isLooking: false, error };
  return {
    lines: [...before.lines, ...linesOf(value)],
    looked: before.looked + value.looked,
    next: value.next,
    isLooking: value.next !== undefined,
  };
}

/** A list of a store, as far as it was looked through. `linesOf` stays the same. */
export function useSearch<Answer extends Looked, Line>(
  path: string,
  wish: Readonly<Record<string, string>>,
  text: string,
  linesOf: (answer: Answer) => readonly Line[],
) {
  const nothing: Found<Line> = { lines: [], looked: 0, isLooking: true };
  const [found, setFound] = useState(nothing);
  const looks = useRef(0);
  const look = async (from: Found<Line>): Promise<void> => {
    looks.current += 1;
    const number = looks.current;
    let now: Found<Line> = { ...from, isLooking: true, error: undefined };
    const until = from.lines.length + ENOUGH;
    do {
      setFound(now);
      const answer = await ask<Answer>(withQuery(path, { ...wish, text, after: now.next }));
      if (number !== looks.current) return;
      now = withMore(now, answer, linesOf);
    } while (now.isLooking && now.lines.length < until);
    setFound({ ...now, isLooking: false });
  };
  const stop = (): void => {
    looks.current += 1;
    setFound((now) => ({ ...now, isLooking: false }));
  };
  const restart = (): Promise<void> => look(nothing);
  useEffect(() => {
    void restart();
    return stop;
  }, [JSON.stringify(wish), text]);
  return { found, restart, more: () => look(found), stop };
}

/** A field for a text to look for. */
export function Search({
  text,
  onSearch,
}: {
  readonly text: string;
  readonly onSearch: (text: string) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: { preventDefault(): void }): void => {
    event.preventDefault();
    onSearch(field.current?.value ?? "");
  };
  return (
    <search>
      <form class="fields" onSubmit={submit}>
        <label>
          Look for a text
          <input ref={field} type="search" defaultValue={text} maxLength={200} />
        </label>
        <button type="submit">Search</button>
      </form>
    </search>
  );
}

/** How much was found, for people. */
export function countsOf(
  { lines, looked, isLooking, next }: Found<unknown>,
  text: string,
  [one, more]: readonly [one: string, more: string],
): string {
  const many = `${count(lines.length)} ${lines.length === 1 ? one : more}`;
  const rest = next === undefined ? "all" : "so far";
  if (isLooking) return `looking: ${count(looked)} looked through, ${many} found`;
  return text === "" ? `${many}, ${rest}` : `${many} found in ${count(looked)}, ${rest}`;
}

interface MoreProps {
  readonly found: Found<unknown>;
  readonly onMore: () => void;
  readonly onStop: () => void;
}

/** The button behind a list that is not whole. */
export function More({ found: { isLooking, next }, onMore, onStop }: MoreProps) {
  if (!isLooking && next === undefined) return null;
  return (
    <div class="buttons">
      <button type="button" onClick={isLooking ? onStop : onMore}>
        {isLooking ? "Stop looking" : "Show more"}
      </button>
    </div>
  );
}
