import { useState } from "preact/hooks";
import { ask, withQuery } from "../../page/parts/ask.tsx";
import { Block } from "../../page/parts/layout.tsx";
import { Table } from "../../page/parts/table.tsx";
import { count, Foreign } from "../../page/parts/text.tsx";
import type { FaultView, ProviderGuide, ProviderView } from "../emulator-page/views.ts";

interface FaultsProps {
  readonly guide: ProviderGuide;
  readonly now: ProviderView;
}

/** What can be switched on by one press; the journal's API knows more. */
const presets = [
  {
    name: "429 Too many requests",
    about: "It says: try again in 2 seconds. Nothing has happened.",
    fault: { kind: "status", status: 429, retryAfter: 2 },
  },
  {
    name: "500 Server error",
    about: "It fails before anything has happened.",
    fault: { kind: "status", status: 500 },
  },
  {
    name: "Cut",
    about: "The connection breaks before anything has happened.",
    fault: { kind: "cut" },
  },
  {
    name: "Lost reply",
    about: "All of it happens, and your program never hears of it.",
    fault: { kind: "lostReply" },
  },
  { name: "Slow", about: "It comes 3 seconds late.", fault: { kind: "delay", ms: 3_000 } },
] as const;

/** Makes things go wrong, and tells what that did. */
export function Faults({ guide, now }: FaultsProps) {
  const [operation, setOperation] = useState("");
  const [times, setTimes] = useState("");
  const [error, setError] = useState<string>();
  const switchOn = async (fault: object): Promise<void> => {
    const whole = {
      ...fault,
      ...(operation !== "" && { operation }),
      ...(times !== "" && { count: Number(times) }),
    };
    setError((await ask("api/fault", { provider: guide.name, fault: whole })).error);
  };
  return (
    <Block
      title="4. Make things go wrong"
      note="A program that survives these survives most of what a real service does. Switch one on, and look what yours makes of it."
    >
      <div class="fields">
        <label>
          Which calls
          <select value={operation} onChange={(event) => setOperation(event.currentTarget.value)}>
            <option value="">all requests</option>
            {Object.entries(guide.calls).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          How often
          <select value={times} onChange={(event) => setTimes(event.currentTarget.value)}>
            <option value="">until it is switched off</option>
            <option value="1">the next one</option>
            <option value="3">the next three</option>
          </select>
        </label>
      </div>
      <ul class="presets">
        {presets.map(({ name, about, fault }) => (
          <li key={name}>
            <div>
              <h3>{name}</h3>
              <p>{about}</p>
            </div>
            <button
              type="button"
              onClick={() => void switchOn(fault)}
              aria-label={`Switch on: ${name}`}
            >
              Switch on
            </button>
          </li>
        ))}
      </ul>
      {error && (
        <p class="bad" role="alert">
          <Foreign text={error} />
        </p>
      )}
      <Active guide={guide} now={now} />
    </Block>
  );
}

function nameOf({ kind, status, ms }: FaultView): string {
  if (kind === "status") return `status ${status}`;
  if (kind === "lostReply") return "lost reply";
  return kind === "delay" ? `slow: ${ms} ms` : kind;
}

/** What is on, and what it did. */
function Active({ guide, now }: FaultsProps) {
  if (now.faults.length === 0) return <p class="empty">No fault is on.</p>;
  const clear = (id: string): void => void ask("api/fault/clear", { provider: guide.name, id });
  const didOf = ({ injected, count: most }: FaultView): string => {
    const hit = `${count(injected)} ${injected === 1 ? "call" : "calls"}`;
    if (most === undefined) return injected === 0 ? "has hit nothing yet" : `hit ${hit}`;
    return injected >= most ? `done: hit ${hit}` : `hit ${count(injected)} of ${count(most)}`;
  };
  return (
    <>
      <Table
        caption="Faults that are on"
        rows={now.faults}
        keyOf={({ id }) => id}
        empty=""
        columns={[
          { title: "On now", cell: (fault) => <span class="state warn">{nameOf(fault)}</span> },
          {
            title: "For",
            cell: ({ operation }) => guide.calls[operation] ?? (operation || "all requests"),
          },
          { title: "What it did", isWide: true, cell: didOf },
          {
            title: "",
            cell: (fault) => (
              <button
                type="button"
                onClick={() => clear(fault.id)}
                aria-label={`Switch off: ${nameOf(fault)}`}
              >
                Switch off
              </button>
            ),
          },
        ]}
      />
      <p>
        <a href={withQuery("#/requests", { provider: guide.name, failed: 1 })}>
          See which requests were hit
        </a>
      </p>
    </>
  );
}
