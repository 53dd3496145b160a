import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { ask } from "../../page/parts/ask.tsx";
import { Confirm, Dialog } from "../../page/parts/dialog.tsx";
import { Block } from "../../page/parts/layout.tsx";
import { Notice, useNotice } from "../../page/parts/notice.tsx";
import { type Column, Table } from "../../page/parts/table.tsx";
import { count, Foreign, length, Moment } from "../../page/parts/text.tsx";
import { addressOfEntries } from "./entries.tsx";
import { Rest, useListing } from "./listing.tsx";
import type { Owner } from "./owner.tsx";

interface ListedProps<Item> {
  readonly title: string;
  readonly note: string;
  readonly empty: string;
  readonly of: ReturnType<typeof useListing<Item>>;
  readonly keyOf: (item: Item) => string;
  readonly columns: readonly Column<Item>[];
  readonly children?: ComponentChildren;
}

function Listed<Item>({ title, note, empty, of, keyOf, columns, children }: ListedProps<Item>) {
  const { listing, load } = of;
  return (
    <Block title={title} note={note}>
      <div class="buttons">
        <button type="button" onClick={() => load()}>
          Look again
        </button>
      </div>
      {children}
      {listing && <Table caption={title} rows={listing.items} {...{ keyOf, empty, columns }} />}
      <Rest of={of} />
    </Block>
  );
}

const ownerKey = ({ consumer, feed }: Owner): string => JSON.stringify([consumer, feed]);

const ownerColumns: readonly Column<Owner>[] = [
  { title: "Reader", cell: ({ consumer }) => <Foreign text={consumer} /> },
  { title: "Feed", cell: ({ feed }) => <Foreign text={feed} /> },
];

interface CursorLine extends Owner {
  readonly value: string;
  readonly revision: number;
  readonly position?: string;
  readonly time?: string;
  readonly canRewind: boolean;
  readonly isDamaged?: true;
}

interface MoveProps {
  readonly place: CursorLine;
  readonly onMoved: (told: string) => void;
  readonly onClose: () => void;
}

function MoveDialog({ place, onMoved, onClose }: MoveProps) {
  const { consumer, feed, revision } = place;
  const [note, say] = useNotice();
  const time = useRef<HTMLInputElement>(null);
  const text = useRef<HTMLTextAreaElement>(null);
  const change = async (verb: string, what: object, told: string): Promise<void> => {
    const { error } = await ask(`api/${verb}`, { consumer, feed, ...what });
    if (error) say(error, true);
    else {
      onMoved(told);
      onClose();
    }
  };
  const rewind = (event: { preventDefault(): void }): void => {
    event.preventDefault();
    const at = Date.parse(time.current?.value ?? "");
    if (Number.isNaN(at)) say("Give a time.", true);
    else void change("rewind", { time: at }, "Moved back: the next run meets those events again.");
  };
  const save = (event: { preventDefault(): void }): void => {
    event.preventDefault();
    void change("move", { value: text.current?.value ?? "", revision }, "The place is saved.");
  };
  return (
    <Dialog title="Move the place" onClose={onClose}>
      <p>
        Stop the run of <Foreign text={consumer} /> first: one that is at work ends with a conflict
        at its next save, and a run that starts takes the saved place over.
      </p>
      <Notice note={note} />
      {place.canRewind && (
        <form class="fields" onSubmit={rewind}>
          <label>
            Back to this time: what happened since comes again
            <input ref={time} type="datetime-local" step="1" required />
          </label>
          <button type="submit">Move back</button>
        </form>
      )}
      <form onSubmit={save}>
        <label>
          The place as its feed writes it; one further on skips what is in between
          <textarea ref={text} class="short" spellcheck={false} defaultValue={place.value} />
        </label>
        <div class="buttons">
          <button type="submit" class="danger">
            Save this place
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The places of readers whose provider keeps none. */
export function Cursors() {
  const of = useListing<CursorLine>("api/cursors");
  const [moved, setMoved] = useState<CursorLine>();
  const [note, say] = useNotice();
  return (
    <Listed
      title="Places"
      note="Where each reader reads on, where the provider does not keep that."
      empty="No place is saved."
      of={of}
      keyOf={ownerKey}
      columns={[
        ...ownerColumns,
        { title: "Saves", isNumber: true, cell: ({ revision }) => count(revision) },
        { title: "Time", cell: ({ time }) => <Moment at={time} /> },
        {
          title: "Place",
          isWide: true,
          cell: ({ isDamaged, position, value }) =>
            isDamaged ? "damaged" : <Foreign text={position ?? value} most={120} />,
        },
        {
          title: "",
          cell: (place) => (
            <button type="button" onClick={() => setMoved(place)}>
              Move
            </button>
          ),
        },
      ]}
    >
      <Notice note={note} />
      {moved && (
        <MoveDialog
          place={moved}
          onClose={() => setMoved(undefined)}
          onMoved={(told) => {
            say(told);
            void of.load();
          }}
        />
      )}
    </Listed>
  );
}

interface LeaseLine extends Owner {
  readonly holder: string;
  readonly fence: number;
  readonly endsInMs: number;
}

/** Which process reads a feed. */
export function Leases() {
  const of = useListing<LeaseLine>("api/leases");
  const [asked, setAsked] = useState<LeaseLine>();
  const [note, say] = useNotice();
  const release = async ({ consumer, feed, fence }: LeaseLine): Promise<void> => {
    const { error } = await ask("api/release", { consumer, feed, fence });
    say(error ?? "The lease is ended: another process may take it.", error !== undefined);
    await of.load();
  };
  return (
    <Listed
      title="Leases"
      note="Which process reads which feed. The fence grows with each that does."
      empty="There are no leases."
      of={of}
      keyOf={ownerKey}
      columns={[
        ...ownerColumns,
        { title: "Holder", isWide: true, cell: ({ holder }) => <Foreign text={holder} /> },
        { title: "Fence", isNumber: true, cell: ({ fence }) => count(fence) },
        {
          title: "Ends in",
          cell: ({ endsInMs }) => (endsInMs > 0 ? length(endsInMs) : "has ended"),
        },
        {
          title: "",
          cell: (lease) =>
            lease.endsInMs > 0 && (
              <button type="button" onClick={() => setAsked(lease)}>
                End it
              </button>
            ),
        },
      ]}
    >
      <Notice note={note} />
      {asked && (
        <Confirm
          title="End this lease?"
          text={
            <>
              For a process that is dead. If <Foreign text={asked.holder} /> is alive, its run ends,
              and what it has at work may be handled once more.
            </>
          }
          verb="End the lease"
          onYes={() => release(asked)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </Listed>
  );
}

interface InboxLine {
  readonly name: string;
  readonly waiting: number;
  readonly held: number;
  readonly oldest?: { readonly id: string; readonly type: string };
}

/** Webhook events that wait for a worker. */
export function Inboxes({ canOpen }: { readonly canOpen: boolean }) {
  const of = useListing<InboxLine>("api/inbox");
  return (
    <Listed
      title="Inboxes"
      note="Webhook events between their answer and their handling."
      empty="Nothing waits in any inbox."
      of={of}
      keyOf={({ name }) => name}
      columns={[
        {
          title: "Inbox",
          isWide: true,
          cell: ({ name }) =>
            canOpen ? (
              <a href={addressOfEntries(name)}>
                <Foreign text={name} />
              </a>
            ) : (
              <Foreign text={name} />
            ),
        },
        { title: "Waiting", isNumber: true, cell: ({ waiting }) => count(waiting) },
        { title: "Held", isNumber: true, cell: ({ held }) => count(held) },
        {
          title: "Oldest",
          cell: ({ oldest }) => (
            <Foreign text={oldest ? `${oldest.id} ${oldest.type}` : "cannot be read"} />
          ),
        },
      ]}
    />
  );
}
