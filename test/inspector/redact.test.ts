import { describe, expect, it } from "vitest";
import { AckloopError } from "../../src/core/errors.ts";
import type { DeadLetter } from "../../src/core/stores.ts";
import { redactedEntry } from "../../src/inspector/entries.ts";
import { MASK } from "../../src/inspector/mask.ts";
import { toRedactor } from "../../src/inspector/redact.ts";
import type { EntryLines } from "../../src/inspector/shown.ts";
import { unmask } from "../../src/inspector/unmask.ts";
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
  it("masks names at any depth, paths at one place, and what they held in the reason and in `raw`", () => {
    const { value, isMasked } = toRedactor(["email", "iban", "event.data.card.number"])(letter);

    expect(isMasked).toBe(true);
    expect(value.event?.data).toEqual({
      email: MASK,
      card: { number: MASK, kind: "visa" },
      lines: [{ iban: MASK }],
    });
    expect(value.raw).toMatchObject({ payload: { email: MASK, card: { number: MASK } } });
    expect(value.reason).toBe(`failed once: Error: ${MASK} of ${MASK} was refused`);
  });

  it("masks what stands in a text that is JSON, and leaves any other text as it is", () => {
    const text = ' {"email": "ann@example.org", "n": 1} ';
    const odd = { a: text, b: "{ an email, no JSON }", c: '[{"n": 1}]', d: "[".repeat(200_000) };

    const { value, isMasked } = toRedactor(["email", "event.data.c.0.n"])({ event: { data: odd } });

    expect(isMasked).toBe(true);
    expect(value.event.data).toEqual({
      ...odd,
      a: `{"email":"${MASK}","n":1}`,
      c: `[{"n":"${MASK}"}]`,
    });
  });

  it.each([
    ["a text within a text", JSON.stringify(JSON.stringify({ email: "ann@example.org" }))],
    ["one further within", JSON.stringify({ a: JSON.stringify('{"email":"ann@example.org"}') })],
    ["escaped signs of a name", '{"stra\\u00dfe":"ann@example.org"}'],
    ["such signs, cut", '{"stra\\u00dfe":"ann@exam'],
    ["a member of a form", "n=1&customer[email]=ann@example.org"],
    ["a member of an encoded form", "n=1&customer%5Bemail%5D=ann@example.org"],
    ["a pair", JSON.stringify({ fields: [{ name: "email", value: "ann@example.org" }] })],
    ["a pair that was cut", '[{"key": "email", "value": "ann@exam'],
    ["an element with a key", '<add key="email" value="ann@example.org"/>'],
    ["a list of a form", "email[]=ann@example.org&email[1]=ann@example.com"],
    ["an encoded name", "stra%C3%9Fe=ann@example.org"],
    ["a form of parts", 'x; name="email"\r\n\r\nann@example.org\r\n--x--'],
    ["an element that was cut", '<x><email kind="work">ann@exam'],
  ])("masks what %s has under a name", (_, text) => {
    const { value, isMasked } = toRedactor(["email", "straße"])({ raw: text });

    expect(isMasked).toBe(true);
    expect(value.raw).not.toContain("ann@");
    expect(value.raw).toContain(MASK);
  });

  it.each([
    ["an address", "ann smith@x", "GET /?q=ann%20smith%40x failed"],
    ["a form", "ann smith@x", "sent q=ann+smith%40x"],
    ["a date", new Date("1990-01-02"), "born 1990-01-02T00:00:00.000Z"],
    ["a map", new Map([["a", "ann smith"]]), "no ann smith"],
    ["a set", new Set(["ann smith"]), "no ann smith"],
    ["bytes", new TextEncoder().encode("ann smith"), "no ann smith"],
    ["a name that is no word", { "ann@x.y": true }, "no ann@x.y"],
  ])("masks in a reason what was masked as %s", (_, email, why) => {
    const { value } = toRedactor(["email"])({ event: { data: { email } }, reason: why });

    expect(value.reason).toMatch(/^[ /?=A-Za-z]+\[masked\]( failed)?$/);
    expect(value.reason).not.toMatch(/smith|ann@/);
  });

  it("masks in `raw` names that were masked, and bytes, and shows a date as JSON does", () => {
    const raw = { "ann@x.y": 1, at: new Date("2026-12-01"), body: new Uint8Array([1]) };

    const { value } = toRedactor(["email"])({ event: { email: { "ann@x.y": true } }, raw });

    expect(value.raw).toEqual({ [MASK]: 1, at: "2026-12-01T00:00:00.000Z", body: MASK });
  });

  it("masks the value of a pair that is named so, and puts it back at its place alone", () => {
    const fields = [
      { name: "email", value: "ann@example.org" },
      { key: "card", value: { number: 4111 }, type: "object" },
      { name: "size", value: 3 },
      { name: "email" },
    ];
    const whole = letterOf("1", { fields }, { raw: "to ann@example.org", reason: "no 4111" });

    const { value } = toRedactor(["email", "card"])(whole);

    const shown = [
      { name: "email", value: MASK },
      { key: "card", value: MASK, type: "object" },
      { name: "size", value: 3 },
      { name: "email" },
    ];
    expect(value).toMatchObject({
      ...{ event: { data: { fields: shown } } },
      ...{ raw: `to ${MASK}`, reason: `no ${MASK}` },
    });
    const sizes = shown.with(2, { name: "size", value: 4 });
    expect(unmask(sizes, shown, fields)).toEqual(fields.with(2, { name: "size", value: 4 }));
    const renamed = shown.with(0, { ...shown[1], name: "email" } as never);
    expect(unmask(renamed.with(1, { name: "email", value: MASK }), shown, fields)).toBeUndefined();
  });

  it("takes `*` for any name or position", () => {
    const { value } = toRedactor(["event.data.lines.*.iban", "*.payload"])(letter);

    expect(value.event?.data).toMatchObject({ lines: [{ iban: MASK }] });
    expect(value.raw).toEqual({ payload: MASK });
  });

  it.each([
    ["JSON", JSON.stringify({ order: { email: "ann@example.org", id: 7 } })],
    ["JSON in JSON", JSON.stringify({ body: JSON.stringify({ email: "ann@example.org" }) })],
    ["JSON that was cut", '{"order":{"email":"ann@example.org","i'],
    ["a form", "id=7&email=ann%40example.org&email=ann@example.org"],
    ["XML", "<order><email>ann@example.org</email></order>"],
  ])("masks a name in a text of %s", (_, raw) => {
    const text = letterOf("1", raw, { raw });

    const { value, isMasked } = toRedactor(["email"])(text);

    expect(isMasked).toBe(true);
    expect(JSON.stringify(value)).not.toMatch(/ann/);
  });

  it("leaves a text as it is in which no such name is given", () => {
    const raw = 'her email, in { words }: e_email="x", "emails": 1';

    expect(toRedactor(["email"])(letterOf("1", raw, { raw })).value.raw).toBe(raw);
    const json = '{ "id": 7 }';
    expect(toRedactor(["email"])(letterOf("1", json, { raw: json })).value.raw).toBe(json);
  });

  it("masks in a reason what is short as a word, what JSON escapes, and what was cut at its end", () => {
    const masked = { cvc: 123, note: 'a "quoted"\nline', phone: "+49 170 1234567" };
    const long = `no ${"x".repeat(480)} +49 170 12`;

    const reasonOf = (text: string) =>
      toRedactor(["cvc", "note", "phone"])(letterOf("1", masked, { reason: text })).value.reason;

    expect(reasonOf("cvc 123 of 1234")).toBe(`cvc ${MASK} of 1234`);
    expect(reasonOf(`was ${JSON.stringify(masked.note)}`)).toBe(`was "${MASK}"`);
    expect(reasonOf(long)).toBe(`no ${"x".repeat(480)} ${MASK}`);
  });

  it("masks what is too deep to be looked through, and what holds itself", () => {
    let deep: unknown = { email: "ann@example.org" };
    for (let at = 0; at < 5_000; at += 1) deep = [deep];
    const round: { self?: unknown } = {};
    round.self = round;

    const { value } = toRedactor(["email"])({ event: { data: deep }, text: "ann@example.org" });

    expect(JSON.stringify(value)).not.toMatch(/ann@/);
    expect(toRedactor(["email"])({ event: round }).value).toEqual({ event: { self: MASK } });
  });

  it("shows nothing where the function gives nothing", () => {
    expect(toRedactor(() => undefined)(letter).value).toEqual({});
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

  it("is not put into an event that a person has made of another", async () => {
    const sent: unknown[] = [];
    const { stores, look, change } = open({
      redact,
      redrive: (letters, options) =>
        redrive(letters, key.feed, ({ data: got }) => void sent.push(got), {
          ...options,
          logger: false,
        }),
    });
    await stores.deadLetters.put(letter);
    const which = { ...key, identity: letter.identity };
    const { body } = await look<{ eventText: string; failedAt: string }>("letter", which);
    const event = JSON.parse(body.eventText);
    const anew = { data: { ...data, email: "eve@example.org" } };
    await stores.deadLetters.put({
      ...letter,
      ...{ event: { ...letter.event, ...anew } as DeadLetter["event"] },
      failedAt: "2026-12-01T09:00:00.000Z",
    });

    const stale = await change("redrive", { ...which, event, failedAt: body.failedAt });
    const fresh = await change("redrive", {
      ...{ ...which, event, failedAt: "2026-12-01T09:00:00.000Z" },
    });

    expect(stale).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining("is another since") },
    });
    expect(fresh.status).toBe(200);
    expect(sent).toEqual([anew.data]);
  });

  it("is masked in what a redrive throws", async () => {
    const { stores, change } = open({
      redact,
      redrive: async () => {
        throw new AckloopError("halted", "event 1: ann@example.org is unknown");
      },
    });
    await stores.deadLetters.put(letter);

    const { body } = await change("redrive", { ...key, identity: letter.identity });

    expect(body.error).toBe(`event 1: ${MASK} is unknown`);
  });

  it("is put back where a function has masked it in its own way, or left it out", () => {
    const original = {
      id: "1",
      email: "ann@x",
      list: [
        { iban: "one", n: 1 },
        { iban: "two", n: 2 },
      ],
    };
    const shown = { id: "1", email: "***", list: [{ n: 1 }, { n: 2 }] };

    expect(unmask({ ...shown, id: "2" }, shown, original)).toEqual({ ...original, id: "2" });
    expect(unmask({ id: "1", list: shown.list, mail: "***" }, shown, original)).toBeUndefined();
    expect(unmask({ ...shown, list: [{ n: 2 }] }, shown, original)).toBeUndefined();
    expect(unmask({ ...shown, list: [] }, { ...shown, list: [] }, original)).toEqual(original);
    expect(
      unmask({ ...shown, list: [{ n: 3 }] }, { ...shown, list: [] }, original),
    ).toBeUndefined();
  });

  it("is put back where a function gave nothing for it, or something more", () => {
    const original = { email: "ann@x", n: 1 };

    expect(unmask({ n: 2 }, { email: undefined, n: 1 }, original)).toEqual({ ...original, n: 2 });
    expect(unmask({ n: 2, isHidden: true }, { n: 1, isHidden: true }, original)).toEqual({
      ...original,
      n: 2,
    });
  });

  it("is not put where what is around it was moved or copied", () => {
    const [a, b] = [
      { name: "a", iban: MASK },
      { name: "b", iban: MASK },
    ];
    const original = [
      { name: "a", iban: "one" },
      { name: "b", iban: "two" },
    ];

    expect(unmask([b, a], [a, b], original)).toBeUndefined();
    expect(unmask({ a: b, b }, { a, b }, { ...original })).toBeUndefined();
    expect(unmask([a, { ...b, name: "c" }], [a, b], original)).toEqual([
      { name: "a", iban: "one" },
      { name: "c", iban: "two" },
    ]);
  });

  it.each([null, 0, false, ""])("is not lost where a function shows %j for it", (mask) => {
    const [shown, original] = [{ list: [{ iban: mask }] }, { list: [{ iban: "one" }] }];

    expect(unmask({ list: [{ iban: mask, n: 1 }] }, shown, original)).toEqual({
      list: [{ iban: "one", n: 1 }],
    });
    expect(unmask({ list: [{ iban: mask }, { iban: "new" }] }, shown, original)).toBeUndefined();
    expect(unmask({ list: [{ account: mask }] }, shown, original)).toBeUndefined();
  });

  it("is not guessed within a text", () => {
    const [shown, original] = [
      { body: '{"email":"[masked]","n":1}' },
      { body: '{"email":"a@x","n":1}' },
    ];

    expect(unmask({ ...shown, n: 2 }, shown, original)).toEqual({ ...original, n: 2 });
    expect(unmask({ body: '{"email":"[masked]","n":2}' }, shown, original)).toBeUndefined();
    expect(unmask({ body: "[masked]" }, { body: "[masked]" }, { body: "[masked]" })).toEqual({
      body: "[masked]",
    });
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
