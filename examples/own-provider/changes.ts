/**
 * A feed of an API of one's own: the changes of a table, each with a number, read behind the last one.
 *
 * The API is invented: `GET /tables/<name>/changes?after=41&limit=100` answers
 * `{"changes": [{"seq": 42, "op": "insert", "row": {...}, "at": "2026-12-01T08:00:00Z"}]}`.
 */
import { type CursorFeedOptions, cursorFeed } from "ackloop/feeds";
import { type ClientOptions, httpClient, parseAs, replyOf, type Token } from "ackloop/http";
import * as z from "zod/mini";

/** A change; each is checked by itself, so that an odd one hides no other. Numbers past 2^53 come as text. */
const wireChange = z.object({
  seq: z.union([z.number(), z.string()]),
  op: z.enum(["insert", "update", "delete"]),
  row: z.looseObject({}),
  at: z.nullish(z.string()),
});

const wireChanges = z.object({ changes: z.array(z.unknown()) });

/** Makes the feed of a table's changes. Makes no request. */
export function changesFeed(
  table: string,
  { token, ...client }: ClientOptions & { readonly baseUrl: string; readonly token: Token },
  options: CursorFeedOptions,
) {
  const credential = { token, header: "authorization", prefix: "Bearer " };
  const http = httpClient({ ...client, provider: "ledger", credential });
  return cursorFeed(
    {
      provider: "ledger",
      path: `tables/${encodeURIComponent(table)}`,
      async read(after = "0", { limit, signal }) {
        const { changes } = await http.call({
          operation: "pull",
          method: "GET",
          path: ["tables", table, "changes"],
          query: { after, limit },
          reply: replyOf(wireChanges),
          signal,
        });
        return { items: changes };
      },
      toEvent(item, index) {
        const from = { provider: "ledger", operation: "pull", at: `changes[${index}]` };
        const { seq, op, row, at } = parseAs(wireChange, item, from);
        return { id: String(seq), position: String(seq), type: op, time: at, data: row };
      },
    },
    options,
  );
}
