import { useEffect, useState } from "preact/hooks";
import { ask, withQuery } from "../../page/parts/ask.tsx";
import { Block } from "../../page/parts/layout.tsx";
import { Foreign } from "../../page/parts/text.tsx";
import type { ProviderGuide, ProviderView } from "../emulator-page/views.ts";

interface ConnectProps {
  readonly guide: ProviderGuide;
  readonly place: ProviderView["places"][number] | undefined;
  readonly origin: string;
  readonly version: number;
}

/** A program of five lines, and the environment variables for a program of one's own. */
export function Connect({ guide, place, version }: ConnectProps) {
  const [program, setProgram] = useState("");
  const hook = place?.listeners?.[0]?.url;
  // A queue may come back by the same id after a reset, with another listener.
  useEffect(() => {
    if (place === undefined) return setProgram("");
    const path = withQuery("api/program", { provider: guide.name, place: place.id });
    void ask<{ text: string }>(path).then(({ value }) => setProgram(value?.text ?? ""));
  }, [guide.name, place?.id, hook, version === 0]);
  const variables = guide.variables.map(({ name, value }) => `export ${name}='${value}'`);
  return (
    <Block title="2. Connect your program">
      {place ? (
        <>
          <Code
            title={`Save as ${guide.name}.mjs, then: npm install ackloop && node ${guide.name}.mjs`}
            text={program}
          />
          {guide.canListen && <Listen guide={guide} place={place} />}
        </>
      ) : (
        <Begin guide={guide} />
      )}
      <Code title="Or as environment variables, for a shell" text={variables.join("\n")} />
      <p class="note">
        These credentials are the emulator's own, made up for tests. Then{" "}
        <code>npx ackloop doctor {guide.name}</code> says whether all is set up.
      </p>
    </Block>
  );
}

function Begin({ guide }: Pick<ConnectProps, "guide">) {
  const make = (): void => void ask("api/place", { provider: guide.name, name: "orders" });
  return (
    <div class="empty">
      <p>
        A program reads from a {guide.place}, and there is none yet. Publish an event, or make one:
      </p>
      <button type="button" onClick={make}>
        Make the {guide.place} “orders”
      </button>
    </div>
  );
}

/** Adds a listener, since a provider that calls needs to be told whom. */
function Listen({
  guide,
  place,
}: Pick<ConnectProps, "guide"> & { readonly place: NonNullable<ConnectProps["place"]> }) {
  const [url, setUrl] = useState("http://127.0.0.1:8080/");
  const [error, setError] = useState<string>();
  const add = async (submitted: SubmitEvent): Promise<void> => {
    submitted.preventDefault();
    const answer = await ask("api/listener", { provider: guide.name, place: place.id, url });
    setError(answer.error);
  };
  const { length = 0 } = place.listeners ?? [];
  return (
    <form onSubmit={add}>
      {length === 0 && (
        <p class="state warn">
          Nobody is called yet: add where your program listens. It gets what is published after
          that.
        </p>
      )}
      <div class="fields">
        <label class="grows">
          Address of a listener
          <input
            type="url"
            required
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class={length === 0 ? "main" : ""}>
          Add the listener
        </button>
      </div>
      {error && (
        <p class="bad" role="alert">
          <Foreign text={error} />
        </p>
      )}
    </form>
  );
}

/** Lines to copy. */
function Code({ title, text }: { readonly title: string; readonly text: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text).catch(() => {});
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <figure class="code">
      <figcaption>
        <span>{title}</span>
        <button type="button" class="plain" onClick={copy} aria-label={`Copy: ${title}`}>
          {isCopied ? "Copied" : "Copy"}
        </button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard. */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}
