import { useEffect, useState } from "preact/hooks";
import { ask, withQuery } from "../../page/parts/ask.tsx";
import { Dialog } from "../../page/parts/dialog.tsx";
import { Facts } from "../../page/parts/layout.tsx";
import { Table } from "../../page/parts/table.tsx";
import { Foreign, length, Moment, size, visible } from "../../page/parts/text.tsx";
import type { EntryLine, EntryLines, EntryShown } from "../shown.ts";
import { countsOf, More, Search, useSearch } from "./searching.tsx";
import { Texts } from "./texts.tsx";

/** The address of an inbox's entries. */
export const addressOfEntries = (inbox: string): string => withQuery("#/inboxes", { inbox });

const linesOf = ({ entries }: EntryLines): readonly EntryLine[] => entries;

const keyOf = ({ after, at }: EntryLine): string => JSON.stringify([after, at]);

/** How an entry stands, for people. */
function State({ entry: { state, hiddenMs } }: { readonly entry: EntryLine }) {
  if (state === "waits") return <>waits</>;
  if (state === "held") return <>held, {length(hiddenMs)} left</>;
  return <>given back, again in {length(hiddenMs)}</>;
}

interface EntryProps {
  readonly inbox: string;
  readonly line: EntryLine;
  readonly onClose: () => void;
}

/** One entry, as it stands now. */
function EntryDialog({ inbox, line, onClose }: EntryProps) {
  const [entry, setEntry] = useState<EntryShown>();
  const [error, setError] = useState<string>();
  const { after, at, event: seen, unreadable } = line;
  useEffect(() => {
    const which = seen ? { id: seen.id, source: seen.source } : { unreadable };
    const path = withQuery("api/entry", { inbox, after, at: `${at}`, ...which });
    void ask<EntryShown>(path).then((answer) => {
      setEntry(answer.value);
      setError(answer.error);
    });
  }, [inbox, line]);
  const { event } = entry ?? {};
  return (
    <Dialog
      title={`Entry ${visible(seen?.id ?? "that cannot be read").slice(0, 100)}`}
      onClose={onClose}
    >
      {error && <p class="bad">{error}</p>}
      {!entry && !error && <p class="empty">…</p>}
      {entry?.unreadable !== undefined && (
        <p class="bad">
          <Foreign text={entry.unreadable} most={2000} />
        </p>
      )}
      {entry && (
        <>
          <Facts
            of={[
              ["State", <State entry={entry} />],
              ["Claimed", entry.attempts],
              ["Type", event ? <Foreign text={event.type} /> : "cannot be read"],
              ["Source", event ? <Foreign text={event.source} /> : "–"],
              ["Happened", <Moment at={event?.time} />],
              ["Size", size(entry.size)],
              ...(entry.isMasked ? ([["Masked", "some of it is not shown"]] as const) : []),
            ]}
          />
          <Texts of={entry}>Only the beginning is shown.</Texts>
        </>
      )}
    </Dialog>
  );
}

/** The entries of one inbox that are not finished. */
export function Entries({ inbox }: { readonly inbox: string }) {
  const [text, setText] = useState("");
  const { found, restart, more, stop } = useSearch("api/entries", { inbox }, text, linesOf);
  const [opened, setOpened] = useState<EntryLine>();
  return (
    <section aria-label="Entries of one inbox">
      <nav aria-label="Way back">
        <a href="#/inboxes">All inboxes</a>
      </nav>
      <h2>
        <Foreign text={inbox} />
      </h2>
      <div class="buttons">
        <Search text={text} onSearch={setText} />
        <button type="button" onClick={restart}>
          Look again
        </button>
      </div>
      <p class="note" role="status">
        {countsOf(found, text, ["entry", "entries"])}
      </p>
      {found.error && <p class="bad">{found.error}</p>}
      <Table
        caption="Entries that are not finished, oldest first"
        isShort
        rows={found.lines}
        keyOf={keyOf}
        empty={found.isLooking ? "…" : "There is no such entry."}
        columns={[
          {
            title: "Entry",
            isWide: true,
            isFirst: true,
            cell: (entry) => (
              <>
                <button type="button" class="link" onClick={() => setOpened(entry)}>
                  <Foreign text={entry.event?.id ?? "unreadable"} most={80} />
                </button>{" "}
                <small class={entry.event ? "" : "bad"}>
                  <Foreign text={entry.event?.type ?? entry.unreadable ?? ""} most={120} />
                </small>
              </>
            ),
          },
          { title: "State", cell: (entry) => <State entry={entry} /> },
          { title: "Claimed", isNumber: true, cell: ({ attempts }) => attempts },
          { title: "Happened", cell: ({ event }) => event?.time && <Moment at={event.time} /> },
        ]}
      />
      <More found={found} onMore={more} onStop={stop} />
      {opened && <EntryDialog inbox={inbox} line={opened} onClose={() => setOpened(undefined)} />}
    </section>
  );
}
