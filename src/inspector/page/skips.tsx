import { useRef } from "preact/hooks";
import { ask, withQuery } from "../../page/parts/ask.tsx";
import { Notice, useNotice } from "../../page/parts/notice.tsx";
import { Table } from "../../page/parts/table.tsx";
import { Foreign, Moment } from "../../page/parts/text.tsx";
import { Rest, useListing } from "./listing.tsx";
import type { Owner } from "./owner.tsx";

interface SkipLine {
  readonly identity: string;
  readonly at: string;
  readonly event?: { readonly id: string; readonly source: string };
}

interface FormProps {
  readonly onSkip: (id: string, source: string) => void;
}

function SkipForm({ onSkip }: FormProps) {
  const id = useRef<HTMLInputElement>(null);
  const source = useRef<HTMLInputElement>(null);
  const submit = (event: { preventDefault(): void }): void => {
    event.preventDefault();
    if (id.current && id.current.value !== "")
      onSkip(id.current.value, source.current?.value ?? "");
  };
  return (
    <form class="fields" onSubmit={submit}>
      <label>
        The event's id
        <input ref={id} required />
      </label>
      <label>
        Its source, if the id is not enough
        <input ref={source} />
      </label>
      <button type="submit">Set aside unhandled</button>
    </form>
  );
}

/** What is to be skipped. */
export function Skips({ owner }: { readonly owner: Owner }) {
  const of = useListing<SkipLine>(withQuery("api/skips", { ...owner }));
  const { items: skips = [], next } = of.listing ?? {};
  const [note, say] = useNotice();
  const change = async (verb: "skip" | "unskip", what: object, told: string): Promise<void> => {
    const { error } = await ask(`api/${verb}`, { ...owner, ...what });
    say(error ?? told, error !== undefined);
    await of.load();
  };
  const skip = (id: string, source: string): void => {
    const what = source === "" ? { id } : { id, source };
    void change("skip", what, "A run sets it aside as soon as it meets it.");
  };
  const undo = ({ identity }: SkipLine): void =>
    void change("unskip", { identity }, "It is not skipped any more.");
  return (
    <details>
      <summary>
        Skips: events to be set aside unhandled
        {skips.length > 0 && ` (${skips.length}${next ? " and more" : ""})`}
      </summary>
      <SkipForm onSkip={skip} />
      <Notice note={note} />
      <Table
        caption="Skips"
        rows={skips}
        keyOf={({ identity }) => identity}
        empty={of.listing ? "Nothing is skipped." : ""}
        columns={[
          {
            title: "Event",
            isWide: true,
            cell: (each) => <Foreign text={each.event?.id ?? each.identity} />,
          },
          { title: "Said at", cell: ({ at }) => <Moment at={at} /> },
          {
            title: "",
            cell: (each) => (
              <button type="button" onClick={() => undo(each)}>
                Take back
              </button>
            ),
          },
        ]}
      />
      <Rest of={of} />
    </details>
  );
}
