import { useEffect, useState } from "preact/hooks";
import { ask, withQuery } from "../../page/parts/ask.tsx";

/** A part of what a store lists. */
export interface Listing<Item> {
  readonly items: readonly Item[];
  readonly next?: string | undefined;
  readonly unnamed?: number | undefined;
}

/** What a store lists, page by page. */
export function useListing<Item>(path: string, isAsked = true) {
  const [listing, setListing] = useState<Listing<Item>>();
  const [error, setError] = useState<string>();
  const load = async (before?: Listing<Item>): Promise<void> => {
    const answer = await ask<Listing<Item>>(withMore(path, before?.next));
    setError(answer.error);
    const { value } = answer;
    if (value) setListing({ ...value, items: [...(before?.items ?? []), ...value.items] });
  };
  useEffect(() => {
    if (isAsked) void load();
  }, [path, isAsked]);
  return { listing, error, load };
}

function withMore(path: string, after: string | undefined): string {
  if (after === undefined) return path;
  return path.includes("?")
    ? `${path}&${withQuery("", { after }).slice(1)}`
    : withQuery(path, { after });
}

interface MoreProps<Item> {
  readonly of: ReturnType<typeof useListing<Item>>;
}

/** What went wrong, and the way to what else is listed. */
export function Rest<Item>({ of: { listing, error, load } }: MoreProps<Item>) {
  return (
    <>
      {error && <p class="bad">{error}</p>}
      {listing?.unnamed ? (
        <p class="note">{listing.unnamed} more have names that cannot be read.</p>
      ) : null}
      {listing?.next !== undefined && (
        <div class="buttons">
          <button type="button" onClick={() => load(listing)}>
            Show more
          </button>
        </div>
      )}
    </>
  );
}
