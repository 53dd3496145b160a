import { throwIfAborted } from "../../core/abort.ts";
import { AckloopError, isAckloopError } from "../../core/errors.ts";
import { toFailure } from "../../core/guard.ts";
import { toNetworkFailure } from "../../core/network.ts";
import type { CursorApi, CursorPage } from "./api.ts";
import type { AskAt, PageWish } from "./read-on.ts";

/** Asks an API for the page at a place. Whatever it throws becomes an error of ours, but for a bug. */
export function createAsk(api: CursorApi, pageSize: number): AskAt {
  return async ({ after, since }, { limit = pageSize, waitMs = 0, signal }) => {
    const wish = { limit, waitMs, signal };
    try {
      const page =
        after === undefined && since !== undefined && api.seek
          ? await api.seek(since, wish)
          : await api.read(after?.position, wish);
      return checkPage(api.provider, page);
    } catch (thrown) {
      throwIfAborted(signal);
      if (isAckloopError(thrown) || toNetworkFailure(thrown) === undefined) throw thrown;
      throw toFailure(thrown, { what: "pull", whom: api.provider });
    }
  };
}

/** For callers without types; in whole ones. */
export function checkWish(provider: string, { limit, waitMs, signal }: PageWish): PageWish {
  const check = (what: string, value: number | undefined, least: number): number | undefined => {
    if (value === undefined) return undefined;
    if (typeof value === "number" && !Number.isNaN(value)) return Math.max(Math.ceil(value), least);
    throw new AckloopError("config", `${what} must be a number`, { provider, operation: "pull" });
  };
  return { limit: check("limit", limit, 1), waitMs: check("waitMs", waitMs, 0), signal };
}

function checkPage(provider: string, page: CursorPage): CursorPage {
  const { items, position } = Object(page) as Partial<CursorPage>;
  const facts = { provider, operation: "pull" };
  if (!Array.isArray(items)) throw new AckloopError("schema", "gave no list of items", facts);
  if (position === undefined || (typeof position === "string" && position !== "")) return page;
  throw new AckloopError("schema", "gave a position that is no text, or an empty one", facts);
}
