import { Block } from "../../page/parts/layout.tsx";
import { count } from "../../page/parts/text.tsx";
import type { GuideView, ProviderGuide, ProviderView, StateView } from "../emulator-page/views.ts";

/** What there is, for somebody who has just opened the page. */
export function Overview({
  guide,
  state,
}: {
  readonly guide: GuideView;
  readonly state: StateView;
}) {
  return (
    <>
      <Block title="Event APIs on this machine">
        <p class="lead">
          Each of these stands in for a real service: same addresses, same answers, same refusals,
          and no account. Choose one, publish an event, start the program that you find there, and
          watch the event travel.
        </p>
        <p class="note">
          They are at <code>{guide.origin}</code>, with seed {guide.seed} and the rate limits{" "}
          {guide.limits ? "as documented" : "off"}. All of it is in memory and gone when the command
          ends.
        </p>
      </Block>
      <div class="cards">
        {guide.providers.map((each) => {
          const now = state.providers.find(({ name }) => name === each.name);
          return now && <Card key={each.name} guide={each} now={now} />;
        })}
      </div>
    </>
  );
}

function Card({ guide, now }: { readonly guide: ProviderGuide; readonly now: ProviderView }) {
  const held = now.places.reduce((sum, { holds }) => sum + holds, 0);
  const facts: readonly (readonly [string, number])[] = [
    [now.places.length === 1 ? guide.place : `${guide.place}s`, now.places.length + now.left],
    [guide.holds, held],
    ["delivered", now.delivered],
    ["acked", now.acked],
    ["requests", now.requests],
  ];
  // Workato's readers ack nothing.
  const shown = facts.filter(
    ([name, value]) => name !== "acked" || guide.place !== "topic" || value,
  );
  return (
    <section class="card" aria-label={guide.title}>
      <h2>{guide.title}</h2>
      <p>{guide.about}</p>
      <ul class="counts">
        {shown.map(([name, value]) => (
          <li key={name}>
            <strong>{count(value)}</strong> {name}
          </li>
        ))}
        {now.faults.length > 0 && (
          <li class="state warn">
            {now.faults.length} {now.faults.length === 1 ? "fault is" : "faults are"} on
          </li>
        )}
      </ul>
      <p>
        <a class="button" href={`#/${guide.name}`}>
          Open {guide.title}
        </a>
      </p>
    </section>
  );
}
