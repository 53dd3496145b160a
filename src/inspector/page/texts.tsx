import type { ComponentChildren } from "preact";
import { toJson, visible } from "../../page/parts/text.tsx";
import type { Texts as TextsShown } from "../shown.ts";

/** JSON for people; what is cut is no JSON, and is shown as it is. */
function pretty(text: string, isCut: boolean): string {
  return isCut ? `${visible(text)}…` : toJson(JSON.parse(text));
}

interface TextsProps {
  readonly of: TextsShown;
  /** What is said where they are cut. */
  readonly children: ComponentChildren;
}

/** An event and what the provider sent. */
export function Texts({ of: { eventText, rawText, isCut }, children }: TextsProps) {
  return (
    <>
      {isCut && <p class="note">{children}</p>}
      {eventText !== undefined && (
        <label>
          Event
          <textarea readOnly spellcheck={false} value={pretty(eventText, isCut)} />
        </label>
      )}
      <details>
        <summary>What the provider sent</summary>
        <textarea
          readOnly
          spellcheck={false}
          aria-label="What the provider sent"
          value={pretty(rawText, isCut)}
        />
      </details>
    </>
  );
}
