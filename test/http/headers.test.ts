import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toRetryAfterMs } from "../../src/http/fail.ts";
import { createTransport } from "../../src/http/transport.ts";
import { callOf, clientOf, failureOf } from "./support.ts";

const at = fc.date({
  min: new Date("1971-01-01T00:00:00Z"),
  max: new Date("2069-12-31T23:59:59Z"),
  noInvalidDate: true,
});
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** The three forms of a date in HTTP. */
const forms: readonly ((date: Date) => string)[] = [
  (date) => date.toUTCString(),
  (date) => {
    const [, day, month, year, time] = date.toUTCString().split(" ");
    return `${days[date.getUTCDay()]}, ${day}-${month}-${year?.slice(2)} ${time} GMT`;
  },
  (date) => {
    const [name, day, month, year, time] = date.toUTCString().split(" ");
    return `${name?.slice(0, 3)} ${month} ${day?.replace(/^0/, " ")} ${time} ${year}`;
  },
];
const seconds = (date: Date): number => Math.floor(date.getTime() / 1_000) * 1_000;

/** A text that a header can hold. */
const headerText = fc
  .string({ unit: "binary-ascii", maxLength: 60 })
  .filter((text) => /^[\t\x20-\x7e]*$/.test(text));

describe("Retry-After", () => {
  it("is read in each form of a date, from the answer's own Date in any of them", () => {
    const form = fc.constantFrom(...forms);
    fc.assert(
      fc.property(at, form, fc.nat(1_000_000), form, (sent, dateForm, after, form2) => {
        const until = new Date(sent.getTime() + after * 1_000);
        // Years of two digits are those of this century's first half, and the last's second.
        fc.pre(until.getUTCFullYear() < 2049 && sent.getUTCFullYear() >= 1950);

        const waitMs = toRetryAfterMs(dateForm(until), form2(sent));

        expect(waitMs).toBe(seconds(until) - seconds(sent));
      }),
    );
  });

  it("is the longest of a list, and unknown where any of it makes no sense", () => {
    const each = fc.oneof(
      fc.nat(100_000).map(String),
      at.map((date) => date.toUTCString()),
    );
    const odd = headerText.filter(
      (text) => !/^\s*(\d+|[A-Z].*)\s*$/.test(text) && !text.includes(","),
    );
    const sent = new Date(0).toUTCString();
    fc.assert(
      fc.property(fc.array(each, { minLength: 1, maxLength: 4 }), odd, (list, nonsense) => {
        const waits = list.map((one) => toRetryAfterMs(one, sent) ?? Number.NaN);

        expect(toRetryAfterMs(list.join(", "), sent)).toBe(Math.max(...waits));
        expect(toRetryAfterMs([...list, nonsense].join(","), sent)).toBeUndefined();
      }),
    );
  });

  it("and Date of any text are a wait from 0 on that a timer can be told, or unknown", () => {
    fc.assert(
      fc.property(headerText, headerText, (retryAfter, date) => {
        const waitMs = toRetryAfterMs(retryAfter, date);

        if (waitMs !== undefined) expect(waitMs >= 0 && Number.isSafeInteger(waitMs)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("headers of any text", () => {
  it("leave the answer and its error as they are", async () => {
    const names = fc.constantFrom(
      "retry-after",
      "date",
      "content-type",
      "content-length",
      "x-request-id",
      "ratelimit-reset",
      "location",
      "set-cookie",
    );
    const headers = fc.dictionary(names, headerText);
    await fc.assert(
      fc.asyncProperty(headers, fc.constantFrom(200, 500), async (given, status) => {
        const fetch = async () => new Response('{"a":1}', { status, headers: given });
        const client = clientOf(fetch, { retry: { attempts: 1 } });

        const call = client.call(callOf({ operation: "pull" }));

        if (status === 500) expect((await failureOf(call)).code).toBe("transport");
        else {
          const length = Number(given["content-length"]);
          if (length > 33_554_432) expect((await failureOf(call)).code).toBe("schema");
          else expect(await call).toEqual({ a: 1 });
        }
      }),
    );
  });
});

describe("a body of any bytes", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 });
  const texts = fc.array(
    fc.string({ unit: "binary" }).map((text) => new TextEncoder().encode(text)),
  );

  it("is its text in UTF-8, however it is cut into pieces, or garbled: never another text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(pieces, texts),
        fc.nat(40),
        fc.boolean(),
        async (parts, at, hasLength) => {
          const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
          const cut = at % (bytes.length + 1);
          const send = createTransport(async () => answerOf(bytes, cut, hasLength));

          const reply = await send({
            method: "GET",
            url: "https://api.example.com/",
            headers: {},
            body: undefined,
            signal: new AbortController().signal,
            maxBodyBytes: 1_000,
          });

          const text = decoded(bytes);
          expect([reply.text, reply.isGarbled === true]).toEqual([text ?? "", text === undefined]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function answerOf(bytes: Uint8Array<ArrayBuffer>, cut: number, hasLength: boolean): Response {
  const headers = { "content-type": "application/json; charset=iso-8859-1" };
  if (hasLength)
    return new Response(bytes, { headers: { ...headers, "content-length": `${bytes.length}` } });
  const parts = [bytes.slice(0, cut), bytes.slice(cut)].filter(({ length }) => length > 0);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  return new Response(body, { headers });
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
