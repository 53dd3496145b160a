import { useEffect, useState } from "preact/hooks";
import { addressOf, ask, withQuery } from "../../page/parts/ask.tsx";
import { Dialog } from "../../page/parts/dialog.tsx";
import { Facts } from "../../page/parts/layout.tsx";
import { type Note, Notice, useNotice } from "../../page/parts/notice.tsx";
import { Foreign, Moment, size, toJson, visible } from "../../page/parts/text.tsx";
import type { LetterShown } from "../shown.ts";
import type { Owner } from "./owner.tsx";
import { Texts } from "./texts.tsx";

interface LetterProps {
  readonly owner: Owner;
  readonly identity: string;
  readonly canRedrive: boolean;
  readonly onChange: () => void;
  readonly onClose: () => void;
}

interface Result {
  readonly status: "done" | "failed" | "unsettled";
}

function LetterFacts({ letter }: { readonly letter: LetterShown }) {
  const { event, attempts, failedAt, code, isMasked } = letter;
  return (
    <>
      <p class="bad">
        <Foreign text={letter.reason} most={2000} />
      </p>
      <Facts
        of={[
          ["Type", event ? <Foreign text={event.type} /> : "cannot be read"],
          ["Source", event ? <Foreign text={event.source} /> : "–"],
          ["Happened", <Moment at={event?.time} />],
          ["Set aside", <Moment at={failedAt} />],
          ["Attempts", attempts],
          ["Code", code ?? "–"],
          ["Size", size(letter.size)],
          ...(isMasked ? ([["Masked", "some of it is not shown"]] as const) : []),
        ]}
      />
    </>
  );
}

function noteOf({ status }: Result): Note {
  if (status === "done") return { isBad: false, text: "Handled: the letter is taken off." };
  if (status === "failed") return { isBad: true, text: "It has failed again, and stays." };
  return { isBad: true, text: "It was not handled, and stays." };
}

interface ButtonsProps extends LetterProps {
  readonly letter: LetterShown;
  /** The text in the editor; absent while it is closed. */
  readonly draft: string | undefined;
  readonly onEdit: (draft: string | undefined) => void;
  readonly isBusy: boolean;
  readonly onSend: () => void;
  readonly onDiscard: () => void;
}

function Buttons(props: ButtonsProps) {
  const { letter, draft, onEdit, isBusy, canRedrive, onSend, onDiscard } = props;
  const [isSure, setSure] = useState(false);
  const canSend = canRedrive && letter.eventText !== undefined;
  const isEditing = draft !== undefined;
  const edit = (): void =>
    onEdit(isEditing ? undefined : toJson(JSON.parse(letter.eventText ?? "null")));
  return (
    <div class="buttons">
      {canSend && (
        <button type="button" class="main" disabled={isBusy} onClick={onSend}>
          {isEditing ? "Send the edited event" : "Send again"}
        </button>
      )}
      {canSend && !letter.isCut && (
        <button type="button" disabled={isBusy} onClick={edit}>
          {isEditing ? "Do not edit" : "Edit"}
        </button>
      )}
      <a
        class="button"
        href={addressOf(withQuery("api/export", { ...props.owner, identity: props.identity }))}
        download="letter.jsonl"
      >
        Export
      </a>
      <button
        type="button"
        class="danger"
        disabled={isBusy}
        onClick={isSure ? onDiscard : () => setSure(true)}
      >
        {isSure ? "Discard for good" : "Discard"}
      </button>
    </div>
  );
}

/** What can be done with one letter. */
function useLetter({ owner, identity, onChange }: LetterProps) {
  const [letter, setLetter] = useState<LetterShown>();
  const [draft, setDraft] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [isGone, setGone] = useState(false);
  const [note, say] = useNotice();
  const key = { ...owner, identity };
  const load = async (): Promise<void> => {
    const { value, error } = await ask<LetterShown>(withQuery("api/letter", key));
    if (value) setLetter(value);
    else say(error, true);
  };
  useEffect(() => {
    void load();
  }, [identity]);
  const end = (told: Note): void => {
    setBusy(false);
    say(told.text, told.isBad);
    onChange();
  };
  const send = async (): Promise<void> => {
    let event: unknown;
    try {
      event = draft === undefined ? undefined : JSON.parse(draft);
    } catch (error) {
      say(`This is no JSON: ${(error as Error).message}`, true);
      return;
    }
    setBusy(true);
    say("sending…");
    const answer = await ask<Result>("api/redrive", { ...key, event, failedAt: letter?.failedAt });
    const { value, error = "" } = answer;
    end(value ? noteOf(value) : { isBad: true, text: error });
    setGone(value?.status === "done");
    if (value?.status === "failed") await load();
  };
  const discard = async (): Promise<void> => {
    setBusy(true);
    const { error } = await ask("api/discard", { ...owner, identities: [identity] });
    end({ isBad: error !== undefined, text: error ?? "The letter is taken off." });
    setGone(error === undefined);
  };
  return { letter, draft, setDraft, isBusy, isGone, note, send, discard };
}

/** One letter: what it holds, and what may be done with it. */
export function LetterDialog(props: LetterProps) {
  const { letter, draft, setDraft, isBusy, isGone, note, send, discard } = useLetter(props);
  const title = letter?.event?.id ?? props.identity;
  return (
    <Dialog title={`Letter ${visible(title).slice(0, 100)}`} onClose={props.onClose}>
      <Notice note={note} />
      {letter && !isGone && (
        <>
          <LetterFacts letter={letter} />
          <Buttons
            {...{ ...props, letter, draft, isBusy }}
            onEdit={setDraft}
            onSend={send}
            onDiscard={discard}
          />
          {draft === undefined ? (
            <Texts of={letter}>
              Only the beginning is shown, and it cannot be edited here. Export has it all.
            </Texts>
          ) : (
            <label>
              The event to send; the letter keeps its own if this fails
              <textarea
                spellcheck={false}
                value={draft}
                onInput={(event) => setDraft(event.currentTarget.value)}
              />
            </label>
          )}
        </>
      )}
      {isGone && (
        <div class="buttons">
          <button type="button" onClick={props.onClose}>
            Close
          </button>
        </div>
      )}
    </Dialog>
  );
}
