import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ask } from "../../page/parts/ask.tsx";
import { Block, Facts } from "../../page/parts/layout.tsx";
import { Plot } from "../../page/parts/plot.tsx";
import { Table } from "../../page/parts/table.tsx";
import { count, Foreign, length, Moment, size } from "../../page/parts/text.tsx";
import type { EventFacts, RunShown, Told } from "../shown.ts";
import type { Point, Seen } from "./history.tsx";

const toTime = (at: number): string => new Date(at).toISOString();

/** Which event it is. */
function EventName({ event }: { readonly event: EventFacts | undefined }) {
  if (event === undefined) return <em>cannot be read</em>;
  return (
    <>
      <Foreign text={event.id} most={80} /> <small>{event.type}</small>
    </>
  );
}

function State({ run }: { readonly run: RunShown }) {
  const { state, troubles } = run.health;
  const isGood = troubles.length === 0 && state === "running";
  const otherwise = troubles.length > 0 ? "bad" : "warn";
  return (
    <span class={`state ${isGood ? "good" : otherwise}`}>{[state, ...troubles].join(", ")}</span>
  );
}

/** How far what is acknowledged stands behind what has come. */
function lagOf({ newestTime, unackedTime, health }: RunShown): string {
  if (health.inFlight === 0) return "all is acknowledged";
  if (newestTime === undefined || unackedTime === undefined) return "events tell no time";
  return `${length(Math.max(0, Date.parse(newestTime) - Date.parse(unackedTime)))} behind`;
}

function holderOf({ holds, health, maxInFlight }: RunShown): ComponentChildren {
  if (health.oldestOpenMs === undefined) return "nothing is open";
  const isFull = health.inFlight >= maxInFlight;
  return (
    <>
      {isFull && <strong>full, held by </strong>}
      <EventName event={holds} /> for {length(health.oldestOpenMs)}
    </>
  );
}

function RunFacts({ run }: { readonly run: RunShown }) {
  const { summary, health, consumer, holder } = run;
  const ago = (at: number | undefined) => (at === undefined ? "never" : <Moment at={toTime(at)} />);
  return (
    <Facts
      of={[
        ["Reader", consumer === "" ? "–" : <Foreign text={consumer} />],
        ["Handled", count(summary.handled)],
        ["Acknowledged", count(summary.acked)],
        ["Tried again", count(summary.retried)],
        ["Dead letters", count(summary.deadLettered)],
        ["Dropped", count(summary.dropped)],
        ["Handlers at work", `${health.handling} of ${run.concurrency}`],
        ["Window", `${count(health.inFlight)} of ${count(run.maxInFlight)}`],
        ["In memory", run.bytes > 0 ? size(run.bytes) : "–"],
        ["Open longest", holderOf(run)],
        ["Newest event", <Moment at={run.newestTime} />],
        ["Watermark", lagOf(run)],
        ["Last poll", ago(health.lastPollAt)],
        ["Last handled", ago(health.lastHandledAt)],
        ...(holder === undefined ? [] : ([["Lease as", <Foreign text={holder} />]] as const)),
        ...(health.lastError
          ? ([["Fails with", <Foreign text={health.lastError} />]] as const)
          : []),
      ]}
    />
  );
}

function Plots({ points }: { readonly points: readonly Point[] }) {
  const rate = (value: number): string => `${count(Math.round(value * 10) / 10)} / s`;
  return (
    <div class="plots">
      <Plot title="Handled" values={points.map(({ handled }) => handled)} say={rate} />
      <Plot title="Failed" values={points.map(({ failed }) => failed)} say={rate} />
      <Plot title="Median time" values={points.map(({ middle }) => middle)} say={length} />
      <Plot title="95 % within" values={points.map(({ most }) => most)} say={length} />
      <Plot title="Window" values={points.map(({ inFlight }) => inFlight)} say={count} />
    </div>
  );
}

function stateOf({ state, nextInMs }: RunShown["open"][number]): string {
  return nextInMs === undefined ? state : `next attempt in ${length(nextInMs)}`;
}

function Open({ run }: { readonly run: RunShown }) {
  return (
    <>
      <h3>What is open, oldest first</h3>
      <Table
        caption="Open events"
        rows={run.open}
        keyOf={({ identity }) => identity}
        empty="Nothing waits."
        columns={[
          { title: "Event", cell: ({ event }) => <EventName event={event} /> },
          { title: "State", cell: stateOf },
          { title: "Open for", isNumber: true, cell: ({ openMs }) => length(openMs) },
          { title: "Attempts", isNumber: true, cell: ({ attempts }) => attempts },
          {
            title: "Why it failed",
            isWide: true,
            cell: ({ failure = "" }) => <Foreign text={failure} />,
          },
        ]}
      />
    </>
  );
}

function Incidents({ run }: { readonly run: RunShown }) {
  return (
    <>
      <h3>What went wrong last</h3>
      <Table
        caption="Last errors"
        isShort
        rows={run.incidents.map((each, at) => ({ ...each, at: each.at, key: at })).toReversed()}
        keyOf={({ at, key }) => `${at} ${key}`}
        empty="Nothing went wrong."
        columns={[
          { title: "When", cell: ({ at }) => <Moment at={toTime(at)} /> },
          { title: "What", cell: ({ kind }) => kind },
          { title: "Event", cell: ({ event }) => (event ? <EventName event={event} /> : "–") },
          { title: "Why", isWide: true, cell: ({ text }) => <Foreign text={text} /> },
        ]}
      />
    </>
  );
}

function factOf({ kind, ms, count: many, attempt, text }: Told): ComponentChildren {
  if (text !== undefined) return <Foreign text={text} most={120} />;
  if (kind === "retried" && ms !== undefined) return `attempt ${attempt}, again in ${length(ms)}`;
  if (attempt !== undefined) return `attempt ${attempt}`;
  if (ms !== undefined) return `took ${length(ms)}`;
  return many === undefined ? "" : `${count(many)} ${many === 1 ? "event" : "events"}`;
}

function Travel({ told }: { readonly told: readonly Told[] }) {
  return (
    <details>
      <summary>What happens now</summary>
      <Table
        caption="Reports"
        isShort
        rows={told.map((each, at) => ({ ...each, key: told.length - at }))}
        keyOf={({ at, key }) => `${at} ${key}`}
        empty="Nothing has happened since this page was opened."
        columns={[
          { title: "When", cell: ({ at }) => new Date(at).toLocaleTimeString("en-GB") },
          { title: "What", cell: ({ kind }) => kind },
          { title: "Event", cell: ({ event }) => (event ? <EventName event={event} /> : "–") },
          { title: "", isWide: true, cell: factOf },
        ]}
      />
    </details>
  );
}

function PauseButton({ run }: { readonly run: RunShown }) {
  const [error, setError] = useState<string>();
  const { state } = run.health;
  if (state === "ended" || state === "stopping") return null;
  const isPaused = state === "paused";
  const press = async (): Promise<void> => {
    const answer = await ask(isPaused ? "api/resume" : "api/pause", { run: run.id });
    setError(answer.error);
  };
  return (
    <>
      <button type="button" onClick={press}>
        {isPaused ? "Go on" : "Pause"}
      </button>
      {error && <p class="bad">{error}</p>}
    </>
  );
}

function OneRun({ seen: { run, points, told } }: { readonly seen: Seen }) {
  return (
    <section aria-label={run.feed}>
      <div class="head">
        <h2>
          <Foreign text={run.feed} />
        </h2>
        <State run={run} />
        <PauseButton run={run} />
      </div>
      <Plots points={points} />
      <RunFacts run={run} />
      <Open run={run} />
      <Incidents run={run} />
      <Travel told={told} />
    </section>
  );
}

/** All runs of the process. */
export function Runs({ seen }: { readonly seen: readonly Seen[] | undefined }) {
  if (seen === undefined) return <p class="empty">Waiting for the server…</p>;
  if (seen.length === 0) {
    return (
      <Block title="Runs">
        <p class="empty">There is no run just now.</p>
      </Block>
    );
  }
  if (seen.length > FEW) return <Many seen={seen} />;
  return (
    <>
      {seen.map((each) => (
        <OneRun key={each.run.id} seen={each} />
      ))}
    </>
  );
}

/** More runs than these are shown by a line each: all of hundreds would hold the browser. */
const FEW = 8;

const isInTrouble = ({ run }: Seen): boolean => run.health.troubles.length > 0;

/** Many runs: a line of each, and all of those that were opened. */
function Many({ seen }: { readonly seen: readonly Seen[] }) {
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const [isBad, setBad] = useState(false);
  const bad = seen.filter(isInTrouble);
  const toggle = (id: number, isOpen: boolean): void => {
    const others = new Set(opened);
    if (isOpen) others.add(id);
    else others.delete(id);
    setOpened(others);
  };
  return (
    <Block
      title="Runs"
      note={`${count(seen.length)} runs, ${count(bad.length)} of them in trouble.`}
    >
      <label>
        <input
          type="checkbox"
          checked={isBad}
          onChange={(event) => setBad(event.currentTarget.checked)}
        />{" "}
        Only those in trouble
      </label>
      {(isBad ? bad : seen).map((each) => (
        <details
          key={each.run.id}
          open={opened.has(each.run.id)}
          onToggle={(event) => toggle(each.run.id, event.currentTarget.open)}
        >
          <summary>
            <Foreign text={each.run.feed} /> <State run={each.run} />{" "}
            <small>
              handled {count(each.run.summary.handled)}, open {count(each.run.health.inFlight)}
            </small>
          </summary>
          {opened.has(each.run.id) && <OneRun seen={each} />}
        </details>
      ))}
    </Block>
  );
}
