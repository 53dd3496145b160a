import { Block, Frame, show, usePlace } from "../../page/parts/layout.tsx";

function Inspector() {
  const { path } = usePlace();
  return (
    <Frame title="ackloop" tabs={[{ path: "", name: "Runs" }]} path={path}>
      <Block title="Runs">
        <p class="empty">no runs</p>
      </Block>
    </Frame>
  );
}

show(<Inspector />);
