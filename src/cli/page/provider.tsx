import { useState } from "preact/hooks";
import { ask } from "../../page/parts/ask.tsx";
import { Confirm } from "../../page/parts/dialog.tsx";
import { Block } from "../../page/parts/layout.tsx";
import { Table } from "../../page/parts/table.tsx";
import { count, Foreign } from "../../page/parts/text.tsx";
import type { ProviderGuide, ProviderView } from "../emulator-page/views.ts";
import { Connect } from "./connect.tsx";
import { Events } from "./events.tsx";
import { Faults } from "./faults.tsx";
import { Publish } from "./publish.tsx";

interface PartProps {
  readonly guide: ProviderGuide;
  readonly now: ProviderView;
  readonly version: number;
  readonly origin: string;
  readonly query: URLSearchParams;
}

/** One provider: publish, connect, watch, and make things go wrong. */
export function ProviderPart({ guide, now, version, origin, query }: PartProps) {
  const [chosen, setChosen] = useState("");
  const place = now.places.find(({ id }) => id === chosen) ?? now.places[0];
  return (
    <>
      <div class="intro">
        <h2>{guide.title}</h2>
        <p>{guide.about}</p>
        {now.places.length > 1 && (
          <label>
            {capital(guide.place)}{" "}
            <select value={place?.id} onChange={(event) => setChosen(event.currentTarget.value)}>
              {now.places.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name.slice(0, 40)} ({id.slice(0, 8)})
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <div class="columns">
        <Publish guide={guide} place={place} />
        <Connect guide={guide} place={place} origin={origin} version={version} />
      </div>
      <Events guide={guide} now={now} version={version} query={query} />
      <Places guide={guide} now={now} />
      <Faults guide={guide} now={now} />
      <Anew guide={guide} />
    </>
  );
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** The queues, topics or channels, and who listens to them. */
function Places({ guide, now }: Pick<PartProps, "guide" | "now">) {
  const [name, setName] = useState("");
  const [error, setError] = useState<string>();
  const make = async (submitted: SubmitEvent): Promise<void> => {
    submitted.preventDefault();
    const answer = await ask("api/place", { provider: guide.name, name });
    setError(answer.error);
    if (answer.error === undefined) setName("");
  };
  return (
    <Block
      title={`${capital(guide.place)}s`}
      note={now.left > 0 ? `${now.left} older ones are not shown.` : undefined}
    >
      <Table
        caption={`${capital(guide.place)}s and how much they hold`}
        rows={now.places}
        keyOf={({ id }) => id}
        empty={`There is no ${guide.place} yet: publishing makes the first one.`}
        columns={[
          { title: "Name", cell: (each) => <Foreign text={each.name} most={80} /> },
          { title: "Id", isWide: true, cell: ({ id }) => <Foreign text={id} most={80} /> },
          { title: capital(guide.holds), isNumber: true, cell: ({ holds }) => count(holds) },
        ]}
      />
      {guide.canListen && <Listeners guide={guide} now={now} />}
      {guide.canMake && (
        <form class="fields" onSubmit={make}>
          <label>
            Name of a new {guide.place}
            <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
          <button type="submit">Make it</button>
        </form>
      )}
      {error && (
        <p class="bad" role="alert">
          <Foreign text={error} />
        </p>
      )}
    </Block>
  );
}

/** Who is called with the events of a place. */
function Listeners({ guide, now }: Pick<PartProps, "guide" | "now">) {
  const rows = now.places.flatMap(({ name: queue, listeners = [] }) =>
    listeners.map((each) => ({ queue, ...each })),
  );
  return (
    <Table
      caption="Listeners"
      rows={rows}
      keyOf={({ id }) => id}
      empty={`No listener yet: ${guide.title} calls nobody until there is one. "Connect" above adds one.`}
      columns={[
        { title: "Listener", cell: ({ name }) => <Foreign text={name} most={80} /> },
        { title: "Of", cell: ({ queue }) => <Foreign text={queue} most={80} /> },
        { title: "Is called at", isWide: true, cell: ({ url }) => <Foreign text={url} /> },
        { title: "Accepted", isNumber: true, cell: ({ acked }) => count(acked) },
        { title: "Tried again", isNumber: true, cell: ({ failing }) => count(failing) },
      ]}
    />
  );
}

function Anew({ guide }: Pick<PartProps, "guide">) {
  const [isAsking, setAsking] = useState(false);
  return (
    <div class="buttons">
      <button type="button" onClick={() => setAsking(true)}>
        Begin anew
      </button>
      {isAsking && (
        <Confirm
          title={`Begin anew with ${guide.title}`}
          text={`Every ${guide.place} of its own making, every event and every fault of ${guide.title} will be gone.`}
          verb="Begin anew"
          onYes={() => void ask("api/reset", { provider: guide.name })}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
