import { useState } from "preact/hooks";
import { withQuery } from "../../page/parts/ask.tsx";
import { Block } from "../../page/parts/layout.tsx";
import { Table } from "../../page/parts/table.tsx";
import { Foreign } from "../../page/parts/text.tsx";
import type { RequestRecord } from "../emulator-page/records.ts";
import type { GuideView } from "../emulator-page/views.ts";
import { Clock, faultWords, More, useRows } from "./rows.tsx";

interface RequestsProps {
  readonly guide: GuideView;
  readonly version: number;
  readonly query: URLSearchParams;
}

/** What was asked of the emulators, and whom they have called. */
export function Requests({ guide, version, query }: RequestsProps) {
  const [before, setBefore] = useState<number>();
  const [words, setWords] = useState("");
  const provider = query.get("provider") ?? "";
  const failed = query.get("failed") ?? "";
  const number = query.get("number") ?? "";
  const path = withQuery("api/requests", { provider, failed, number, q: words, before });
  const page = useRows<RequestRecord>(path, version);
  const go = (change: Readonly<Record<string, string>>): void => {
    setBefore(undefined);
    location.hash = withQuery("#/requests", { provider, failed, ...change });
  };
  return (
    <Block
      title="Requests"
      note="Newest first: what your programs asked, and the calls to listeners. Headers and bodies are not kept, and what may be a credential is masked; the last 1,000 of each API are kept."
    >
      <div class="fields even">
        <label>
          API
          <select
            value={provider}
            onChange={(event) => go({ provider: event.currentTarget.value })}
          >
            <option value="">all</option>
            {guide.providers.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          Show
          <select value={failed} onChange={(event) => go({ failed: event.currentTarget.value })}>
            <option value="">all</option>
            <option value="1">what failed, or was hit by a fault</option>
          </select>
        </label>
        <label>
          Find
          <input
            type="search"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        </label>
        {number !== "" && (
          <button type="button" onClick={() => go({})}>
            Only request {number}: show all
          </button>
        )}
      </div>
      <Rows guide={guide} rows={page.rows} />
      <More page={page} before={before} onBefore={setBefore} />
    </Block>
  );
}

function Rows({
  guide,
  rows,
}: Pick<RequestsProps, "guide"> & { readonly rows: readonly RequestRecord[] }) {
  const titleOf = (name: string) => guide.providers.find((each) => each.name === name)?.title;
  return (
    <Table
      caption="Requests"
      isShort
      rows={rows}
      keyOf={({ order }) => String(order)}
      empty="No request yet. Start a program that you find at one of the APIs."
      columns={[
        { title: "At", cell: ({ at }) => <Clock at={at} /> },
        {
          title: "API",
          cell: ({ provider, direction, number }) => (
            <>
              {titleOf(provider)}{" "}
              <span class="soft">
                {direction === "in" ? "" : "call "}
                {number}
              </span>
            </>
          ),
        },
        {
          title: "Request",
          isWide: true,
          isFirst: true,
          cell: ({ method, target }) => (
            <code>
              {method} <Foreign text={target} most={160} />
            </code>
          ),
        },
        { title: "Status", cell: (request) => <Status of={request} /> },
        { title: "Took", isNumber: true, cell: ({ ms }) => `${ms} ms` },
        { title: "Did", cell: (request) => <Happened of={request} /> },
      ]}
    />
  );
}

function Status({ of: { status } }: { readonly of: RequestRecord }) {
  if (status === undefined) return <span class="state bad">no answer</span>;
  return <span class={`state ${status < 400 ? "good" : "bad"}`}>{status}</span>;
}

function Happened({ of: request }: { readonly of: RequestRecord }) {
  const { operation, delivered, acked, faults } = request;
  const events = (number: number): string => (number === 1 ? "1 event" : `${number} events`);
  return (
    <>
      {operation === "unknown" ? "no such call" : operation}
      {acked > 0 && <>, acked {events(acked)}</>}
      {delivered > 0 && <>, delivered {events(delivered)}</>}{" "}
      {faults.map((fault) => (
        <span key={fault} class="state warn">
          {faultWords[fault] ?? fault}
        </span>
      ))}
    </>
  );
}
