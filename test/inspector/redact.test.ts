import { describe, expect, it } from "vitest";
import { redactedEntry } from "../../src/inspector/entries.ts";
import { MASK, toRedactor, unmask } from "../../src/inspector/redact.ts";
import type { EntryLines } from "../../src/inspector/shown.ts";
import { redrive } from "../../src/loop/redrive.ts";
import { key, letterOf, open } from "./support.ts";

const data = {
  email: "ann@example.org",
  card: { number: "4111-1111", kind: "visa" },
  lines: [{ iban: "DE02" }],
};
const reason = "failed once: Error: 4111-1111 of ann@example.org was refused";
const letter = letterOf("1", data, { raw: { payload: data }, reason });
const secrets = /ann@|4111|DE02/;

describe("redact", () => {
  it("masks names at any depth, paths at one place, and what they held in the reason", () => {
    const { value, isMasked } = toRedactor(["email", "iban", "event.data.card.number"])(letter);

    expect(isMasked).toBe(true);
    expect(value.event?.data).toEqual({
      email: MASK,
      card: { number: MASK, kind: "visa" },
      lines: [{ iban: MASK }],
    });
    expect(value.raw).toMatchObject({ payload: { email: MASK, card: { number: "4111-1111" } } });
    expect(value.reason).toBe(`failed once: Error: ${MASK} of ${MASK} was refused`);
  });

  it("masks what stands in a text that is JSON, and leaves any other text as it is", () => {
    const text = ' {"email": "ann@example.org", "n": 1} ';
    const odd = { a: text, b: "{ email: no JSON }", c: '[{"n": 1}]', d: "[".repeat(200_000) };

    const { value, isMasked } = toRedactor(["email", "event.data.c.0.n"])({ event: { data: odd } });

    expect(isMasked).toBe(true);
    expect(value.event.data).toEqual({
      ...odd,
      a: `{"email":"${MASK}","n":1}`,
      c: `[{"n":"${MASK}"}]`,
    });
  });

  it("takes `*` for any name or position", () => {
    const { value } = toRedactor(["event.data.lines.*.iban", "*.payload"])(letter);

    expect(value.event?.data).toMatchObject({ lines: [{ iban: MASK }] });
    expect(value.raw).toEqual({ payload: MASK });
  });

  it("changes nothing of what it gets, and keeps odd names", () => {
    const odd = JSON.parse('{"__proto__":{"secret":1},"a":[null,true]}');
    const before = JSON.stringify(odd);

    const { value } = toRedactor(["secret"])({ odd });

    expect(JSON.stringify(odd)).toBe(before);
    expect(JSON.stringify(value)).toBe(
      '{"odd":{"__proto__":{"secret":"[masked]"},"a":[null,true]}}',
    );
  });

  it("leaves nothing masked where it is not asked for, and gives a copy to a function", () => {
    expect(toRedactor(undefined)(letter)).toEqual({ value: letter, isMasked: false });
    const byFunction = toRedactor((shown) => {
      (shown as { reason: string }).reason = "hidden";
      return shown;
    });

    expect(byFunction(letter).value.reason).toBe("hidden");
    expect(letter.reason).toBe(reason);
  });
});

describe("what is masked", () => {
  const redact = ["email", "iban", "number"];

  it("leaves the process nowhere: not in lists, letters, exports, or by a search", async () => {
    const { stores, handle, request } = open({ redact });
    await stores.deadLetters.put(letter);
    const which = new URLSearchParams({ ...key, identity: letter.identity });

    for (const name of ["letters", "letter", "export", "places", "skips"]) {
      const answer = await handle(request(`/api/${name}?${which}`));
      expect(answer.status, name).toBe(200);
      expect(await answer.text(), name).not.toMatch(secrets);
    }
    const search = await handle(request(`/api/letters?${which}&text=4111`));
    expect(await search.json()).toMatchObject({ letters: [], looked: 1 });
  });

  it("is in no entry of an inbox, nor found in one, nor in what is wrong with one", async () => {
    const { stores, look, handle, request } = open({ redact: [...redact, "message"] });
    const { event, raw } = letter;
    const unreadable = { message: "4111-1111 is no number" };
    if (event)
      await stores.inbox.add("orders", [
        { event, raw },
        { raw: data, unreadable },
      ]);
    const lines = await look<EntryLines>("entries", { inbox: "orders" });

    const texts = [JSON.stringify(lines.body)];
    for (const { at, event: seen, unreadable: told } of lines.body.entries) {
      const which = seen ? { id: seen.id, source: seen.source } : { unreadable: told ?? "" };
      const { status, body } = await look("entry", { inbox: "orders", at: `${at}`, ...which });
      expect([status, body]).toMatchObject([200, { isMasked: true }]);
      texts.push(JSON.stringify(body));
    }
    texts.push(await (await handle(request("/api/inbox"))).text());
    const search = await look<EntryLines>("entries", { inbox: "orders", text: "4111" });

    expect(texts.join("\n")).not.toMatch(secrets);
    expect(search.body).toMatchObject({ entries: [], looked: 2 });
  });

  it("is hidden in what is wrong with an entry by what was masked beside it", () => {
    const redact = toRedactor(["number"]);
    const item = { raw: data, unreadable: { message: "4111-1111: no id" } };

    const { value } = redactedEntry({ ...item, attempts: 0, hiddenMs: 0 }, redact);

    expect(value.unreadable).toEqual({ message: `${MASK}: no id` });
  });

  it.each([
    ["nothing", () => undefined],
    ["a text", () => "no"],
    ["another message", () => ({ unreadable: { message: "no" } })],
  ])("shows of an entry of which a function leaves %s no more than that", async (_, redact) => {
    const { stores, look } = open({ redact });
    await stores.inbox.add("orders", [{ raw: data, unreadable: { message: "4111-1111" } }]);

    const { status, body } = await look<EntryLines>("entries", { inbox: "orders" });

    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toMatch(secrets);
    expect(body.entries).toHaveLength(1);
  });

  it("is shown by nothing where the function throws", async () => {
    const { stores, look } = open({
      redact: () => {
        throw new Error("4111-1111");
      },
    });
    await stores.deadLetters.put(letter);

    const answer = await look("letters", key);

    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toMatch(secrets);
  });

  it("is put back in an event that was edited, and is masked in the reason of its failure", async () => {
    const sent: unknown[] = [];
    const { stores, look, change } = open({
      redact,
      redrive: (letters, options) =>
        redrive(
          letters,
          key.feed,
          (event) => {
            sent.push(event.data);
            throw new Error("ann@example.org is unknown");
          },
          { ...options, logger: false },
        ),
    });
    await stores.deadLetters.put(letter);
    const which = { ...key, identity: letter.identity };
    const { body } = await look<{ eventText: string }>("letter", which);
    const event = JSON.parse(body.eventText.replace('"visa"', '"amex"'));

    const answer = await change<{ reason: string }>("redrive", { ...which, event });

    expect(sent).toEqual([{ ...data, card: { ...data.card, kind: "amex" } }]);
    expect(answer.body.reason).toBe(`failed once: Error: ${MASK} is unknown`);
  });

  it("is not guessed where a list has another length", () => {
    const shown = { lines: [{ iban: MASK }, { iban: MASK }] };
    const original = { lines: [{ iban: "one" }, { iban: "two" }] };

    expect(unmask({ lines: [{ iban: MASK }] }, shown, original)).toBeUndefined();
    expect(unmask({ lines: [{ iban: "new" }] }, shown, original)).toEqual({
      lines: [{ iban: "new" }],
    });
    expect(unmask({ lines: shown.lines, more: MASK }, shown, original)).toBeUndefined();
    expect(unmask({ lines: [{ iban: MASK }, { iban: "new" }] }, shown, original)).toEqual({
      lines: [{ iban: "one" }, { iban: "new" }],
    });
  });
});
