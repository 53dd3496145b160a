import { useState } from "preact/hooks";
import { ask } from "../../page/parts/ask.tsx";
import { Block } from "../../page/parts/layout.tsx";
import { Notice, useNotice } from "../../page/parts/notice.tsx";
import { Foreign } from "../../page/parts/text.tsx";
import type { ProviderGuide, ProviderView } from "../emulator-page/views.ts";

interface PublishProps {
  readonly guide: ProviderGuide;
  readonly place: ProviderView["places"][number] | undefined;
}

/** An editor that holds a sample of the chosen type, and what publishes it. */
export function Publish({ guide, place }: PublishProps) {
  const types = Object.keys(guide.samples);
  const sampleOf = (name = ""): string => JSON.stringify(guide.samples[name], null, 2);
  const [type, setType] = useState(types[0] ?? "");
  const [text, setText] = useState(sampleOf(types[0]));
  const [times, setTimes] = useState("1");
  const [note, say, clear] = useNotice();
  const choose = (name: string): void => {
    setType(name);
    setText(sampleOf(name));
    clear();
  };
  const publish = async (submitted: SubmitEvent): Promise<void> => {
    submitted.preventDefault();
    const body = { provider: guide.name, place: place?.id, text, times: Number(times) };
    const { value, error } = await ask<{ count: number }>("api/publish", body);
    const many = value?.count === 1 ? "1 event" : `${value?.count} events`;
    if (error === undefined) return say(`Published ${many}.`);
    say(
      <>
        Nothing was published: <Foreign text={error} />
      </>,
      true,
    );
  };
  return (
    <Block
      title="1. Publish an event"
      note={
        <>
          Into {place ? `the ${guide.place} ` : `a new ${guide.place}, `}
          <strong>
            <Foreign text={place ? nameOf(place) : "orders"} most={60} />
          </strong>
          . Change the sample as you like; a list publishes all that is in it.
        </>
      }
    >
      <form onSubmit={publish}>
        <div class="fields">
          <label class="grows">
            Type
            <select value={type} onChange={(event) => choose(event.currentTarget.value)}>
              {types.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label>
            How many
            <select value={times} onChange={(event) => setTimes(event.currentTarget.value)}>
              {["1", "10", "100", "1000"].map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        </div>
        <label class="unseen" for="editor">
          The event, as JSON
        </label>
        <textarea
          id="editor"
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class="buttons">
          <button type="submit" class="main">
            Publish
          </button>
          <button type="button" onClick={() => choose(type)}>
            Back to the sample
          </button>
        </div>
      </form>
      <Notice note={note} />
    </Block>
  );
}

/** A channel has no name but its id. */
const nameOf = ({ id, name }: NonNullable<PublishProps["place"]>): string =>
  name === "events" ? id : name;
