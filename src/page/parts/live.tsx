import { useEffect, useRef, useState } from "preact/hooks";
import { addressOf } from "./ask.tsx";

/** Gets the data of each event by the event's name. */
export type Listeners = Readonly<Record<string, (data: never) => void>>;

/** How the stream is doing. */
export type LiveState = "opening" | "open" | "away";

/**
 * Listens to server-sent events while the page is seen: a page in the background closes its stream, and the
 * server has nothing to do. A stream that is cut is opened again by the browser.
 */
export function useLive(path: string, listeners: Listeners): LiveState {
  const [state, setState] = useState<LiveState>("opening");
  const current = useRef(listeners);
  current.current = listeners;
  useEffect(() => {
    let source: globalThis.EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    const close = (): void => {
      clearTimeout(again);
      source?.close();
      source = undefined;
    };
    const open = (): void => {
      close();
      if (document.hidden) return;
      const opened = new globalThis.EventSource(addressOf(path));
      source = opened;
      opened.onopen = () => setState("open");
      opened.onerror = () => {
        setState("away");
        // What was refused is not asked again by the browser itself.
        if (opened.readyState === 2) again = setTimeout(open, 3000);
      };
      for (const name of Object.keys(current.current)) {
        opened.addEventListener(name, ({ data }) =>
          current.current[name]?.(JSON.parse(data) as never),
        );
      }
    };
    open();
    document.addEventListener("visibilitychange", open);
    return () => {
      document.removeEventListener("visibilitychange", open);
      close();
    };
  }, [path]);
  return state;
}
