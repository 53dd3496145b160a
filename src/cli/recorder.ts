import type { Answer } from "./provider.ts";

/** A `fetch` that keeps what came back, and can send more with the credentials of the last request. */
export interface Recorder {
  readonly fetch: typeof globalThis.fetch;
  /** The last answer to a call of the client's. */
  readonly last: () => Answer | undefined;
  /** Sends a request with the headers of the client's last one; resolves whatever the status is. */
  readonly send: (method: string, url: string, body?: unknown) => Promise<Answer>;
}

/** Makes a recorder. */
export function createRecorder(signal: AbortSignal): Recorder {
  let last: Answer | undefined;
  let headers: Record<string, string> = {};
  const recorder: Recorder = {
    last: () => last,
    async fetch(input, init) {
      const request = new Request(input, init);
      const sent = Object.fromEntries(request.headers);
      const reply = await fetch(request);
      // A token endpoint is asked by other credentials than the API.
      if (!/x-www-form-urlencoded/.test(sent["content-type"] ?? "")) {
        headers = sent;
        last = await toAnswer(reply.clone());
      }
      return reply;
    },
    async send(method, url, body) {
      const { "content-type": _, "content-length": __, ...own } = headers;
      const json = { "content-type": "application/json" };
      const reply = await fetch(url, {
        method,
        signal,
        redirect: "manual",
        headers: { ...own, ...(body === undefined ? {} : json) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return await toAnswer(reply);
    },
  };
  return recorder;
}

async function toAnswer(reply: Response): Promise<Answer> {
  const text = await reply.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // It is none.
  }
  return { status: reply.status, headers: Object.fromEntries(reply.headers), text, json };
}

const kept = /^(type|event|category|status|state|event_?type|specversion|version|result|title)$/i;
const secretName = /token|secret|password|key|authorization/i;

/**
 * An answer with its form alone: texts and numbers become others of the same kind, so that it may be shown.
 * Names of members, types and states stay.
 */
export function mask(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.slice(0, 3).map((each) => mask(each, name));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mask(each, key)]));
  }
  if (typeof value === "string") return maskText(value, name);
  return typeof value === "number" && !kept.test(name) ? maskNumber(value) : value;
}

function maskText(text: string, name: string): string {
  if (secretName.test(name)) return "***";
  if (kept.test(name) && text.length <= 60) return text;
  // A time keeps its form: what its zone and its digits are is what is asked.
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) return text;
  return text
    .replace(/\p{Lu}/gu, "A")
    .replace(/\p{Ll}|\p{Lo}/gu, "a")
    .replace(/\d/g, "0");
}

/** Digits of the same number; a small one says how many or which page. */
function maskNumber(number: number): number {
  if (!Number.isInteger(number) || Math.abs(number) < 10_000) return number;
  return Number(String(number).replace(/(?<=\d{4}.*)\d/g, "0"));
}
