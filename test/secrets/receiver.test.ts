import { describe, it } from "vitest";
import { type ReceiverBasics, receiver } from "../../src/feeds/index.ts";
import { webhook } from "../../src/loop/webhook.ts";
import { mark, plainMark, Witness } from "./support.ts";

const now = () => String(Math.floor(Date.now() / 1_000));
const key = btoa(plainMark);
const url = `https://${plainMark}.example/${plainMark}?secret=${plainMark}`;
const headers = (changes: Readonly<Record<string, string>> = {}) => ({
  "webhook-id": plainMark,
  "webhook-timestamp": now(),
  "webhook-signature": `v1,${btoa(plainMark.padEnd(32).slice(0, 32))}`,
  authorization: mark,
  ...changes,
});
const post = (changes: Readonly<Record<string, string>> = {}, body = `{"a":"${plainMark}"}`) =>
  new Request(url, { method: "POST", body, headers: headers(changes) });

const requests: readonly (readonly [string, () => Request])[] = [
  ["a wrong signature", () => post()],
  ["a wrong id", () => post({ "webhook-id": `${plainMark}.` })],
  ["a wrong time", () => post({ "webhook-timestamp": plainMark })],
  ["another version", () => post({ "webhook-signature": `v9,${plainMark}` })],
  ["a wrong encoding", () => post({ "content-encoding": plainMark })],
  ["a long body", () => post({}, plainMark.repeat(99))],
  ["a cut body", () => post({ "content-encoding": "gzip" })],
  ["a wrong method", () => new Request(url, { method: plainMark, headers: headers() })],
];
const doors: readonly (readonly [string, ReceiverBasics])[] = [
  ["a signature", { signature: { secrets: [`whsec_${key}`] } }],
  ["a secret of another", { secret: "0123456789abcdef" }],
  ["a secret of its own", { secret: plainMark }],
  ["an open door", { open: true }],
];

describe.each(doors)("a receiver with %s", (_door, basics) => {
  it.each(requests)("tells nothing of a request with %s", async (_request, make) => {
    const witness = new Witness();
    const receiving = receiver({
      provider: "acme",
      maxBodyBytes: 500,
      ...basics,
      toEvent: (body) => {
        throw new Error(JSON.stringify(body));
      },
    });
    const options = { logger: witness.logger, onReport: ({ kind }: { kind: string }) => kind };

    await witness.watch(async () => {
      const response = await webhook(receiving, () => {}, { ...options, unprocessable: "drop" })(
        make(),
      );
      witness.see([response.status, [...response.headers], await response.text()]);
    });

    witness.expectNothingOf(plainMark, mark, key);
  });
});

describe("a wrong secret of a signature", () => {
  it.each([plainMark, `whsk_${key}`, `whpk_${key}`, `whsec_${plainMark}!`])(
    "is not in the error: %s",
    async (secret) => {
      const witness = new Witness();

      await witness.watch(async () => {
        receiver({
          provider: "acme",
          signature: { secrets: [secret] },
          toEvent: () => ({ type: "t", data: 1 }),
        });
      });

      witness.expectNothingOf(plainMark, key);
    },
  );
});
