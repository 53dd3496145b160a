/** What of a delivery goes into a dead letter. */
export interface Storable<Event> {
  /** The event; absent where it could not be written. */
  readonly event: Event | undefined;
  /** The provider's object, or its JSON as one text. */
  readonly raw: unknown;
  /** Why it is kept in another form than it came; absent where it is not. */
  readonly remark?: string | undefined;
}

/**
 * Makes sure that a store can write what came as JSON.
 *
 * Every engine reads JSON that nests ten thousand deep and fails to write it again. Such an object
 * would stop the run for ever, however often it is started: so its text is kept in its place.
 */
export function toStorable<Event>(event: Event | undefined, raw: unknown): Storable<Event> {
  if (!isTooDeep([event, raw])) return { event, raw };
  const remark = "it nests too deep to be stored, so that raw is its JSON as text";
  return { event: undefined, raw: writeDeep(raw), remark };
}

/** Writes a value as JSON, however deep it nests. */
export function toText(value: unknown): string {
  return isTooDeep(value) ? writeDeep(value) : (JSON.stringify(value) ?? "undefined");
}

function isTooDeep(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch (error) {
    // A circle or a bigint is a TypeError, and the store's to refuse.
    return error instanceof RangeError;
  }
}

/** What is left to write: a text as it is, or a value. */
type Todo = { readonly text: string } | { readonly value: unknown };

/** Writes JSON without calling itself. */
function writeDeep(root: unknown): string {
  const written: string[] = [];
  const todo: Todo[] = [{ value: root }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if ("text" in next) written.push(next.text);
    else if (typeof next.value !== "object" || next.value === null) {
      written.push(JSON.stringify(next.value) ?? "null");
    } else {
      // Not spread: a list may be longer than a call may have arguments.
      for (const part of partsOf(next.value).reverse()) todo.push(part);
    }
  }
  return written.join("");
}

function partsOf(container: object): Todo[] {
  if (Array.isArray(container)) {
    const items = container.flatMap((value: unknown) => [{ text: "," }, { value }]);
    return [{ text: "[" }, ...items.slice(1), { text: "]" }];
  }
  const members = Object.entries(container).flatMap(([name, value]) => [
    { text: `,${JSON.stringify(name)}:` },
    { value },
  ]);
  const [first, ...others] = members;
  if (first === undefined) return [{ text: "{}" }];
  const opening = "text" in first ? first.text.slice(1) : "";
  return [{ text: `{${opening}` }, ...others, { text: "}" }];
}
