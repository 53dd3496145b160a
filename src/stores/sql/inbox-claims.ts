import type { InboxClaim } from "../../core/stores.ts";
import { claimOf } from "../entry.ts";
import { numberAt, type Row } from "./session.ts";

export function tokenOf(row: Row): string {
  return `${row["place"]}.${row["token"]}`;
}

/** What rows of entries hold, oldest first. */
export function claimsOf(
  rows: readonly Row[],
): { readonly row: Row; readonly claim: InboxClaim }[] {
  const placed = rows.map((row) => ({ row, place: numberAt("claim", row, "place") }));
  placed.sort((left, right) => left.place - right.place);
  return placed.map(({ row, place }) => {
    const attempts = numberAt("claim", row, "attempts");
    return { row, claim: claimOf(row["entry"], place, tokenOf(row), attempts) };
  });
}
