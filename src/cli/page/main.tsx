import { useEffect, useState } from "preact/hooks";
import { ask } from "../../page/parts/ask.tsx";
import { Frame, show, usePlace } from "../../page/parts/layout.tsx";
import { useLive } from "../../page/parts/live.tsx";
import type { GuideView, StateView } from "../emulator-page/views.ts";
import { Overview } from "./overview.tsx";
import { ProviderPart } from "./provider.tsx";
import { Requests } from "./requests.tsx";

function Emulators() {
  const { path, query } = usePlace();
  const [guide, setGuide] = useState<GuideView>();
  const [state, setState] = useState<StateView>();
  const live = useLive("api/live", { state: setState });
  useEffect(() => {
    void ask<GuideView>("api/guide").then(({ value }) => setGuide(value));
  }, []);
  const on = (name: string): number =>
    state?.providers.find((each) => each.name === name)?.faults.length ?? 0;
  const tabs = [
    { path: "", name: "Overview" },
    ...(guide?.providers ?? []).map(({ name, title }) => ({
      path: name,
      name: title,
      badge: on(name),
    })),
    { path: "requests", name: "Requests" },
  ];
  const found = guide?.providers.find(({ name }) => name === path);
  const now = state?.providers.find(({ name }) => name === path);
  return (
    <Frame title="ackloop emulator" tabs={tabs} path={path} live={live}>
      {guide && state && path === "" && <Overview guide={guide} state={state} />}
      {guide && state && path === "requests" && (
        <Requests guide={guide} version={state.version} query={query} />
      )}
      {guide && state && found && now && (
        <ProviderPart
          key={path}
          guide={found}
          now={now}
          version={state.version}
          origin={guide.origin}
          query={query}
        />
      )}
      {guide && !found && path !== "" && path !== "requests" && (
        <p class="empty">
          There is no such part. <a href="#/">To the overview</a>
        </p>
      )}
    </Frame>
  );
}

show(<Emulators />);
