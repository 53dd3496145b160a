import { useEffect, useState } from "preact/hooks";
import { ask } from "../../page/parts/ask.tsx";
import type { Page } from "../emulator-page/views.ts";

/** Rows of the server's, asked for again whenever something has changed. */
export function useRows<Row>(path: string, version: number): Page<Row> {
  const [page, setPage] = useState<Page<Row>>({ rows: [], more: false });
  useEffect(() => {
    let isOver = false;
    void ask<Page<Row>>(path).then(({ value }) => {
      if (value && !isOver) setPage(value);
    });
    return () => {
      isOver = true;
    };
  }, [path, version]);
  return page;
}

interface MoreProps {
  readonly page: Page<{ readonly order: number }>;
  readonly before: number | undefined;
  readonly onBefore: (before: number | undefined) => void;
}

/** The way to older rows, and back to the newest. */
export function More({ page: { rows, more }, before, onBefore }: MoreProps) {
  if (!more && before === undefined) return null;
  return (
    <div class="buttons">
      <button type="button" disabled={before === undefined} onClick={() => onBefore(undefined)}>
        Newest
      </button>
      <button type="button" disabled={!more} onClick={() => onBefore(rows.at(-1)?.order)}>
        Older
      </button>
    </div>
  );
}

/** A time of today, to the millisecond. */
export function Clock({ at }: { readonly at: number }) {
  const date = new Date(at);
  const two = (number: number): string => String(number).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return (
    <time dateTime={date.toISOString()} title={date.toISOString()}>
      {time}
      <span class="soft">.{String(date.getMilliseconds()).padStart(3, "0")}</span>
    </time>
  );
}

/** Names of faults, in words. */
export const faultWords: Readonly<Record<string, string>> = {
  status: "error status",
  cut: "cut",
  lostReply: "lost reply",
  delay: "slow",
};
