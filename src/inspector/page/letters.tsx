import { useRef, useState } from "preact/hooks";
import { addressOf, ask, withQuery } from "../../page/parts/ask.tsx";
import { Confirm } from "../../page/parts/dialog.tsx";
import { Block } from "../../page/parts/layout.tsx";
import { Notice, useNotice } from "../../page/parts/notice.tsx";
import { Table } from "../../page/parts/table.tsx";
import { count, Foreign, Moment } from "../../page/parts/text.tsx";
import type { LetterLine, LetterLines } from "../shown.ts";
import { LetterDialog } from "./letter.tsx";
import { Rest, type useListing } from "./listing.tsx";
import type { Owner } from "./owner.tsx";
import { countsOf, type Found, More, Search, useSearch } from "./searching.tsx";
import { Skips } from "./skips.tsx";

/** A consumer and feed with letters. */
export interface Place extends Owner {
  readonly letters: number;
  readonly oldestAt?: string;
  readonly skips: number;
}

/** The address of one's letters. */
const placeOf = ({ consumer, feed }: Owner): string => withQuery("#/letters", { consumer, feed });

/** Every consumer and feed with letters. */
export function Places({ of }: { readonly of: ReturnType<typeof useListing<Place>> }) {
  const { listing, error } = of;
  if (error !== undefined && listing === undefined) return <p class="bad">{error}</p>;
  if (listing === undefined) return <p class="empty">Waiting for the store…</p>;
  return (
    <Block title="Dead letters" note="Events that no handler could be brought to finish.">
      <Table
        caption="Readers and feeds with dead letters"
        rows={listing.items}
        keyOf={({ consumer, feed }) => JSON.stringify([consumer, feed])}
        empty="There are no dead letters."
        columns={[
          { title: "Reader", cell: ({ consumer }) => <Foreign text={consumer} /> },
          {
            title: "Feed",
            isWide: true,
            cell: (place) => (
              <a href={placeOf(place)}>
                <Foreign text={place.feed} />
              </a>
            ),
          },
          {
            title: "Letters",
            isNumber: true,
            cell: ({ letters }) => (letters >= 100_000 ? "100,000 or more" : count(letters)),
          },
          { title: "Oldest", cell: ({ oldestAt }) => <Moment at={oldestAt} /> },
          { title: "Skips", isNumber: true, cell: ({ skips }) => count(skips) },
        ]}
      />
      <Rest of={of} />
    </Block>
  );
}

const linesOf = ({ letters }: LetterLines): readonly LetterLine[] => letters;

interface ListProps {
  readonly found: Found<LetterLine>;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (identity: string) => void;
  readonly onOpen: (identity: string) => void;
}

function nameOf({ event, identity }: LetterLine): string {
  return event?.id ?? identity;
}

function List({ found, chosen, onChoose, onOpen }: ListProps) {
  return (
    <Table
      caption="Dead letters"
      isShort
      rows={found.lines}
      keyOf={({ identity }) => identity}
      empty={found.isLooking ? "…" : "There is no such letter."}
      columns={[
        {
          title: "Choose",
          isFirst: true,
          cell: (letter) => (
            <input
              type="checkbox"
              aria-label={`Choose ${nameOf(letter)}`}
              checked={chosen.has(letter.identity)}
              onChange={() => onChoose(letter.identity)}
            />
          ),
        },
        {
          title: "Event",
          isFirst: true,
          cell: (letter) => (
            <>
              <button type="button" class="link" onClick={() => onOpen(letter.identity)}>
                <Foreign text={nameOf(letter)} most={80} />
              </button>{" "}
              {letter.event && (
                <small>
                  <Foreign text={letter.event.type} most={60} />
                </small>
              )}
            </>
          ),
        },
        { title: "Tried", isNumber: true, cell: ({ attempts }) => attempts },
        { title: "Failed at", cell: ({ failedAt }) => <Moment at={failedAt} /> },
        { title: "Why", isWide: true, cell: ({ reason }) => <Foreign text={reason} /> },
      ]}
    />
  );
}

interface LettersProps {
  readonly owner: Owner;
  readonly canRedrive: boolean;
  /** The letters are others now. */
  readonly onChange: () => void;
}

interface Acted {
  readonly done: number;
  readonly failed: number;
  readonly error?: string | undefined;
}

/** Sends letters one after the other. What another has dealt with meanwhile counts as one that stays. */
async function sendAll(owner: Owner, identities: readonly string[]): Promise<Acted> {
  let done = 0;
  let failed = 0;
  for (const identity of identities) {
    const answer = await ask<{ status: string }>("api/redrive", { ...owner, identity });
    const isOthers = answer.error !== undefined && [404, 409].includes(answer.status);
    if (answer.error !== undefined && !isOthers) return { done, failed, error: answer.error };
    if (answer.value?.status === "done") done += 1;
    else failed += 1;
  }
  return { done, failed };
}

/** Takes letters off. */
async function discardAll(owner: Owner, identities: readonly string[]): Promise<Acted> {
  let done = 0;
  for (let at = 0; at < identities.length; at += 100) {
    const some = identities.slice(at, at + 100);
    const { error } = await ask("api/discard", { ...owner, identities: some });
    if (error !== undefined) return { done, failed: 0, error };
    done += some.length;
  }
  return { done, failed: 0 };
}

interface ChosenProps {
  readonly count: number;
  readonly canRedrive: boolean;
  readonly isBusy: boolean;
  readonly onAct: (verb: "redrive" | "discard") => void;
}

/** What can be done with the letters that were chosen. */
function Chosen({ count: many, canRedrive, isBusy, onAct }: ChosenProps) {
  const [isAsking, setAsking] = useState(false);
  return (
    <div class="buttons">
      {canRedrive && (
        <button type="button" class="main" disabled={isBusy} onClick={() => onAct("redrive")}>
          Send {many} again
        </button>
      )}
      <button type="button" class="danger" disabled={isBusy} onClick={() => setAsking(true)}>
        Discard {many}
      </button>
      {isAsking && (
        <Confirm
          title={`Discard ${many}?`}
          text="They are taken off for good: no handler sees them again."
          verb="Discard"
          onYes={() => onAct("discard")}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** Which letters were chosen, and what is done with them. */
function useChosen(owner: Owner, onDone: () => void) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [isBusy, setBusy] = useState(false);
  const [note, say] = useNotice();
  const clear = (): void => setChosen(new Set());
  const choose = (identity: string): void => {
    const others = new Set(chosen);
    if (!others.delete(identity)) others.add(identity);
    setChosen(others);
  };
  const act = async (verb: "redrive" | "discard"): Promise<void> => {
    setBusy(true);
    say(verb === "redrive" ? "sending…" : "taking off…");
    const acting = verb === "redrive" ? sendAll : discardAll;
    const { done, failed, error } = await acting(owner, [...chosen]);
    const told = verb === "redrive" ? `${done} done, ${failed} stay` : `${done} taken off`;
    say(error ? `${told}; then: ${error}` : told, error !== undefined || failed > 0);
    setBusy(false);
    onDone();
  };
  return { chosen, isBusy, note, clear, choose, act };
}

/** The letters of one consumer and feed. */
export function Letters({ owner, canRedrive, onChange }: LettersProps) {
  const [text, setText] = useState("");
  const { found, restart, more, stop } = useSearch("api/letters", { ...owner }, text, linesOf);
  const [opened, setOpened] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  const changed = (): void => {
    clear();
    onChange();
    void restart();
  };
  const { chosen, isBusy, note, clear, choose, act } = useChosen(owner, () => {
    changed();
    // What was pressed is not there any more.
    heading.current?.focus();
  });
  const search = (sought: string): void => {
    // What is not seen any more is not acted on.
    clear();
    setText(sought);
  };
  return (
    <section aria-label="Dead letters of one feed">
      <nav aria-label="Way back">
        <a href="#/letters">All dead letters</a>
      </nav>
      <h2 ref={heading} tabIndex={-1}>
        <Foreign text={owner.feed} />{" "}
        <small>
          as <Foreign text={owner.consumer} />
        </small>
      </h2>
      <div class="buttons">
        <Search text={text} onSearch={search} />
        <button type="button" onClick={restart}>
          Look again
        </button>
        <a
          class="button"
          href={addressOf(withQuery("api/export", { ...owner }))}
          download="letters.jsonl"
        >
          Export all
        </a>
      </div>
      <p class="note" role="status">
        {countsOf(found, text, ["letter", "letters"])}
      </p>
      {found.error && <p class="bad">{found.error}</p>}
      {chosen.size > 0 && (
        <Chosen count={chosen.size} {...{ canRedrive, isBusy }} onAct={(verb) => void act(verb)} />
      )}
      <Notice note={note} />
      <List found={found} chosen={chosen} onChoose={choose} onOpen={setOpened} />
      <More found={found} onMore={more} onStop={stop} />
      <Skips owner={owner} />
      {opened !== undefined && (
        <LetterDialog
          owner={owner}
          identity={opened}
          canRedrive={canRedrive}
          onChange={changed}
          onClose={() => setOpened(undefined)}
        />
      )}
    </section>
  );
}
