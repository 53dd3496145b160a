import { useEffect, useState } from "preact/hooks";
import { ask } from "../../page/parts/ask.tsx";
import { Frame, show, type Tab, usePlace } from "../../page/parts/layout.tsx";
import { useLive } from "../../page/parts/live.tsx";
import type { Abilities, LiveShown } from "../shown.ts";
import { Entries } from "./entries.tsx";
import { type Seen, seeing } from "./history.tsx";
import { Letters, type Place, Places } from "./letters.tsx";
import { useListing } from "./listing.tsx";
import { Cursors, Inboxes, Leases } from "./places.tsx";
import { Runs } from "./runs.tsx";

function tabsOf(can: Abilities, letters: number, hasMore: boolean): readonly Tab[] {
  const all: readonly (Tab & { readonly isHere: boolean })[] = [
    { path: "runs", name: "Runs", isHere: can.runs },
    {
      path: "letters",
      name: "Dead letters",
      badge: hasMore ? `${letters}+` : letters,
      isHere: can.deadLetters,
    },
    { path: "places", name: "Places", isHere: can.cursors },
    { path: "leases", name: "Leases", isHere: can.leases },
    { path: "inboxes", name: "Inboxes", isHere: can.inbox },
  ];
  return all.filter(({ isHere }) => isHere);
}

/** The runs, second by second. */
function Live({
  onState,
  onRuns,
}: {
  readonly onState: (state: ReturnType<typeof useLive>) => void;
  readonly onRuns: (live: LiveShown) => void;
}) {
  const state = useLive("api/live", { runs: onRuns });
  useEffect(() => onState(state), [state]);
  return null;
}

interface PartProps {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly can: Abilities;
  readonly seen: readonly Seen[] | undefined;
  /** Where dead letters are; asked again when a run has told of one. */
  readonly letters: ReturnType<typeof useListing<Place>>;
}

/** What a tab shows. */
function Part({ path, query, can, seen, letters }: PartProps) {
  const owner = { consumer: query.get("consumer") ?? "", feed: query.get("feed") ?? "" };
  const inbox = query.get("inbox");
  switch (path) {
    case "runs":
      return <Runs seen={seen} />;
    case "letters":
      if (owner.feed !== "") {
        const name = JSON.stringify(owner);
        const again = (): void => void letters.load();
        // Another's letters are another list: nothing that was chosen in one is chosen in the other.
        return <Letters key={name} owner={owner} canRedrive={can.redrive} onChange={again} />;
      }
      return <Places of={letters} />;
    case "places":
      return <Cursors />;
    case "leases":
      return <Leases />;
    case "inboxes":
      return inbox !== null && can.entries ? (
        <Entries inbox={inbox} />
      ) : (
        <Inboxes canOpen={can.entries} />
      );
    default:
      return null;
  }
}

function Inspector() {
  const { path: asked, query } = usePlace();
  const [can, setCan] = useState<Abilities>();
  const [refused, setRefused] = useState<string>();
  const [seen, setSeen] = useState<readonly Seen[]>();
  const [live, setLive] = useState<ReturnType<typeof useLive>>();
  const letters = useListing<Place>("api/places", can?.deadLetters === true);
  useEffect(() => {
    void ask<Abilities>("api/about").then((answer) => {
      setCan(answer.value);
      setRefused(answer.error);
    });
  }, []);
  const hear = (told: LiveShown): void => {
    setSeen((before) => seeing(before ?? [], told));
    const isNew = told.runs.some((run) => run.told.some(({ kind }) => kind === "deadLettered"));
    if (isNew && can?.deadLetters) void letters.load();
  };
  const { items = [], next } = letters.listing ?? {};
  const waiting = items.reduce((sum, place) => sum + place.letters, 0);
  const tabs = can ? tabsOf(can, waiting, next !== undefined) : [];
  const path = tabs.some((tab) => tab.path === asked) ? asked : (tabs[0]?.path ?? "");
  return (
    <Frame title={can?.title ?? "ackloop"} tabs={tabs} path={path} live={live}>
      {can?.runs && <Live onState={setLive} onRuns={hear} />}
      {refused && <p class="bad">{refused}</p>}
      {can && <Part {...{ path, query, can, seen, letters }} />}
    </Frame>
  );
}

show(<Inspector />);
