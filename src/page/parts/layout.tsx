import { type ComponentChildren, render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveState } from "./live.tsx";

/** One part of a page, which has an address of its own behind `#/`. */
export interface Tab {
  readonly path: string;
  readonly name: string;
  /** How many wait there; shown where it is above 0. */
  readonly badge?: number | string | undefined;
}

/** Where the page is: the path behind `#/`, and its query. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

function placeNow(): Place {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path, query: new URLSearchParams(query) };
}

/** Where the page is now; it is drawn anew when that changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(placeNow);
  useEffect(() => {
    const changed = (): void => setPlace(placeNow());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return place;
}

const words: Readonly<Record<LiveState, string>> = {
  opening: "opening",
  open: "live",
  away: "away: trying again",
};

interface FrameProps {
  readonly title: string;
  readonly tabs: readonly Tab[];
  readonly path: string;
  readonly live?: LiveState | undefined;
  readonly children: ComponentChildren;
}

/** The frame of a page: title, tabs, how live it is, and what the tab shows. */
export function Frame({ title, tabs, path, live, children }: FrameProps) {
  const main = useRef<HTMLElement>(null);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        To the content
      </button>
      <header>
        <h1>{title}</h1>
        {live && (
          <span class={`live ${live}`} role="status">
            {words[live]}
          </span>
        )}
        <nav aria-label="Parts">
          {tabs.map((tab) => (
            <a
              key={tab.path}
              href={`#/${tab.path}`}
              aria-current={tab.path === path ? "page" : undefined}
            >
              {tab.name}
              {tab.badge ? <span class="badge">{tab.badge}</span> : null}
            </a>
          ))}
        </nav>
      </header>
      <main ref={main} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** A block with a heading. */
export function Block({
  title,
  note,
  children,
}: {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {note && <p class="note">{note}</p>}
      {children}
    </section>
  );
}

/** A few facts, each with its name. */
export function Facts({
  of,
}: {
  readonly of: readonly (readonly [name: string, value: ComponentChildren])[];
}) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Shows a page. */
export function show(page: ComponentChildren): void {
  const place = document.getElementById("page");
  if (place) render(page, place);
}
