import { useEffect, useState } from "preact/hooks";
import { ask, withQuery } from "../../page/parts/ask.tsx";
import { Dialog } from "../../page/parts/dialog.tsx";
import { Block } from "../../page/parts/layout.tsx";
import { Table } from "../../page/parts/table.tsx";
import { Foreign, size, visible } from "../../page/parts/text.tsx";
import type { Step } from "../emulator-page/records.ts";
import type { EventRow, EventView, ProviderGuide, ProviderView } from "../emulator-page/views.ts";
import { Clock, faultWords, More, useRows } from "./rows.tsx";

interface EventsProps {
  readonly guide: ProviderGuide;
  readonly now: ProviderView;
  readonly version: number;
  readonly query: URLSearchParams;
}

const states: Readonly<Record<EventRow["state"], readonly [words: string, kind: string]>> = {
  published: ["waiting", ""],
  delivered: ["delivered", "warn"],
  acked: ["acked", "good"],
  read: ["read", "good"],
};

function State({ of: { state, delivered } }: { readonly of: EventRow }) {
  const [words, kind] = states[state];
  return (
    <>
      <span class={`state ${kind}`}>{words}</span>
      {delivered > 1 && <span class="soft"> delivered {delivered} times</span>}
    </>
  );
}

/** The events, newest first, each with how far it is. */
export function Events({ guide, now, version, query }: EventsProps) {
  const [words, setWords] = useState("");
  const [before, setBefore] = useState<number>();
  const path = withQuery("api/events", { provider: guide.name, q: words, before });
  const page = useRows<EventRow>(path, version);
  const looksAt = query.get("event");
  const placeOf = (id: string): string => now.places.find((each) => each.id === id)?.name ?? id;
  const columns = [
    {
      title: "Event",
      isFirst: true,
      cell: (event: EventRow) => (
        <a href={withQuery(`#/${guide.name}`, { event: event.id, place: event.place })}>
          <Foreign text={event.type === "" ? event.id : event.type} most={80} />
        </a>
      ),
    },
    {
      title: "Data",
      isWide: true,
      cell: ({ words }: EventRow) => (
        <code class="soft">
          <Foreign text={words} most={90} />
        </code>
      ),
    },
    {
      title: `In ${guide.place}`,
      cell: ({ place }: EventRow) => <Foreign text={placeOf(place)} most={30} />,
    },
    { title: "State", cell: (event: EventRow) => <State of={event} /> },
    { title: "Published at", cell: ({ at }: EventRow) => <Clock at={at} /> },
  ];
  return (
    <Block
      title="3. Watch it travel"
      note="Newest first. Choose an event to see what happened to it; the last 1,000 are kept."
    >
      <label class="search">
        Find events by their words or id{" "}
        <input
          type="search"
          value={words}
          onInput={(event) => {
            setWords(event.currentTarget.value);
            setBefore(undefined);
          }}
        />
      </label>
      <Table
        caption="Events"
        isShort
        rows={page.rows}
        keyOf={({ order }) => String(order)}
        empty={words === "" ? "No event yet. Publish one above." : "No event has these words."}
        columns={columns.filter(({ title }) => now.places.length > 1 || !title.startsWith("In "))}
      />
      <More page={page} before={before} onBefore={setBefore} />
      {looksAt !== null && (
        <EventDialog
          guide={guide}
          id={looksAt}
          place={query.get("place") ?? ""}
          version={version}
          now={now}
        />
      )}
    </Block>
  );
}

interface EventDialogProps extends Omit<EventsProps, "query"> {
  readonly id: string;
  readonly place: string;
}

/** One event: its timeline and its data. */
function EventDialog({ guide, now, id, place, version }: EventDialogProps) {
  const [event, setEvent] = useState<EventView>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    const path = withQuery("api/event", { provider: guide.name, place, id });
    void ask<EventView>(path).then((answer) => {
      setEvent(answer.value);
      setError(answer.error);
    });
  }, [guide.name, place, id, version]);
  const close = (): void => {
    location.hash = `#/${guide.name}`;
  };
  const listeners = now.places.flatMap((each) => each.listeners ?? []);
  const nameOf = (reader: string): string =>
    listeners.find((each) => each.id === reader)?.name ?? reader;
  return (
    <Dialog title="What happened to this event" onClose={close}>
      {error && <p class="bad">{error}</p>}
      {event && (
        <>
          <p class="note">
            <Foreign text={id} /> <State of={event} />
          </p>
          <Timeline event={event} guide={guide} nameOf={nameOf} />
          <h3>As a reader gets it</h3>
          <Data event={event} />
        </>
      )}
    </Dialog>
  );
}

interface TimelineProps {
  readonly event: EventView;
  readonly guide: ProviderGuide;
  readonly nameOf: (reader: string) => string;
}

function Timeline({ event, guide, nameOf }: TimelineProps) {
  const first = event.steps.find(({ kind }) => kind === "delivered")?.seq;
  return (
    <ol class="timeline">
      {event.steps.map((step) => (
        <li key={step.seq} class={step.kind}>
          <Clock at={step.at} />
          <div>
            <strong>{wordsOf(step, step.seq === first)}</strong>
            <Cause step={step} guide={guide} nameOf={nameOf} />
          </div>
        </li>
      ))}
      {event.left > 0 && <li>… and {event.left} more in between, which are not kept</li>}
      {event.state === "published" && <li class="next">It waits to be fetched.</li>}
      {event.state === "delivered" && <li class="next">It is not done yet: it will come again.</li>}
    </ol>
  );
}

function wordsOf({ kind, fault = "" }: Step, isFirst: boolean): string {
  if (kind === "fault") return `Spoilt by a fault: ${faultWords[fault] ?? fault}`;
  if (kind === "delivered") return isFirst ? "Delivered" : "Delivered again";
  const words = {
    published: "Published",
    acked: "Acked",
    ackedAgain: "Acked again",
    read: "A reader is behind it",
  };
  return words[kind];
}

/** By which request, or which call. */
function Cause({ step, guide, nameOf }: Omit<TimelineProps, "event"> & { readonly step: Step }) {
  const { kind, request, operation, reader, call } = step;
  if (request !== undefined) {
    return (
      <>
        {" "}
        by{" "}
        <a href={withQuery("#/requests", { provider: guide.name, number: request })}>
          request {request}
        </a>{" "}
        ({operation})
      </>
    );
  }
  if (reader === undefined) return <>{kind === "published" ? " by this page or a command" : ""}</>;
  const answered = call?.status === undefined ? "no answer" : `answered ${call.status}`;
  return (
    <>
      {" "}
      {kind === "acked" ? "by" : "to"} the listener “
      <Foreign text={nameOf(reader)} most={60} />”
      {call && `: call ${call.number}, ${answered} in ${call.ms} ms`}
    </>
  );
}

function Data({ event: { text, length, isMasked } }: { readonly event: EventView }) {
  if (text === undefined) return <p class="empty">The emulator holds it no more.</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard. */}
      <pre tabIndex={0}>
        <bdi>{visible(text)}</bdi>
      </pre>
      {isMasked && <p class="note">Some of it is not shown.</p>}
      {length > text.length && (
        <p class="note">
          The first {size(text.length)} of {size(length)}.
        </p>
      )}
    </>
  );
}
