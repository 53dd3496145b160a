import { toErrorFacts } from "../core/error-facts.ts";
import { type AckloopError, isAckloopError } from "../core/errors.ts";
import { ask } from "../core/guard.ts";
import { jsonAnswer, pageAnswer, streamAnswer } from "../page/page.ts";
import { refusal } from "../page/refusal.ts";
import { Call } from "./call.ts";
import { Desk } from "./desk.ts";
import { exportOf } from "./export.ts";
import { Live } from "./live.ts";
import { Numbers } from "./numbers.ts";
import type { InspectorOptions, InspectorSettings, InspectorWish } from "./options.ts";
import { toSettings } from "./options.ts";
import { built } from "./page/built.ts";
import { type Redactor, toRedactor } from "./redact.ts";

/** How long a store, or `authorize`, may take for one answer, in ms. */
const LIMIT_MS = 30_000;

/** What takes as long as a handler does. */
const slow = ["api/redrive"];

/** Serves the inspector's page and what it asks for. It never rejects. */
export type InspectorHandler = (request: Request) => Promise<Response>;

/**
 * Makes a page that shows runs and stores, and acts on them: a fetch handler for any server.
 *
 * What it does, the commands of `ackloop` do too, by the same functions; for runs they ask this handler. While nobody looks, it has no timer and listens to no run. What it sends has passed `redact`, is
 * kept by no cache, and its page asks no other host.
 *
 * @throws {AckloopError} `config` for a wrong option.
 * @example
 * ```ts
 * import { redrive } from "ackloop";
 * import { inspector } from "ackloop/inspector";
 *
 * const handle = inspector({
 *   runs: [run],
 *   stores,
 *   redrive: (letters, options) => redrive(letters, feed, handlers, options),
 *   redact: ["email", "event.data.card.number"],
 *   authorize: (request) => isOperator(request),
 * });
 * ```
 */
export function inspector(options: InspectorOptions): InspectorHandler {
  const settings = toSettings(options);
  const redact = toRedactor(settings.redact);
  const numbers = new Numbers();
  const desk = new Desk(settings, redact, numbers);
  const inside = new Inside(settings, desk, redact, new Live(settings, redact, numbers));
  return async (request) => {
    try {
      return await inside.answer(request);
    } catch (error) {
      return inside.failed(error);
    }
  };
}

class Inside {
  readonly #settings: InspectorSettings;
  readonly #desk: Desk;
  readonly #redact: Redactor;
  readonly #live: Live;

  constructor(settings: InspectorSettings, desk: Desk, redact: Redactor, live: Live) {
    this.#settings = settings;
    this.#desk = desk;
    this.#redact = redact;
    this.#live = live;
  }

  async answer(request: Request): Promise<Response> {
    const { path, hosts } = this.#settings;
    const refused = refusal(request, { hosts });
    if (refused) return refused;
    const { pathname } = new URL(request.url);
    const isHere = pathname.startsWith(path) || `${pathname}/` === path;
    const name = isHere ? pathname.slice(path.length) : "?";
    const isRead = request.method === "GET" || request.method === "HEAD";
    const changes = !isRead || Object.hasOwn(this.#desk.changes, name);
    const verdict = await this.#verdict(request, { changes, name });
    // Of another realm it may be no `Response` of ours.
    if (typeof verdict === "object" && typeof verdict?.status === "number") return verdict;
    if (verdict !== true) return jsonAnswer({ error: "you may not do this here" }, 403);
    if (!isHere) {
      const error = `this inspector is under ${path}, and was asked for ${pathname}`;
      return jsonAnswer({ error }, 404);
    }
    // Some servers take the slash away: to lead there would lead in circles.
    const under = `${pathname}/` === path ? `${path.split("/").at(-2)}/` : "";
    return isRead ? await this.#look(request, name, under) : await this.#change(request, name);
  }

  /** Asks `authorize`, and no longer than it may take: whoever it says nothing of is not let in. */
  async #verdict(request: Request, wish: InspectorWish): Promise<boolean | Response> {
    const { authorize, logger } = this.#settings;
    const asking = { what: "authorize", whom: "inspector", limitMs: LIMIT_MS };
    const answered = await ask(asking, () => authorize(request, wish));
    if (answered.kind === "answered") return answered.value;
    if (answered.kind === "failed" && "thrown" in answered) throw answered.thrown;
    logger.error("ackloop inspector: `authorize` has not answered in time, and nobody was let in");
    return jsonAnswer({ error: "who may do this was not answered in time" }, 503);
  }

  async #look(request: Request, name: string, under: string): Promise<Response> {
    const { title } = this.#settings;
    const page = pageAnswer({ title, files: built }, name, under);
    if (page) return page;
    if (name === "api/live") return this.#live.answer(request);
    if (name === "api/export") return await this.#export(request);
    return await this.#ask(this.#desk.looks, request, name);
  }

  async #change(request: Request, name: string): Promise<Response> {
    if (request.method !== "POST") return jsonAnswer({ error: "no such method" }, 405);
    const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
    if (type.trim().toLowerCase() !== "application/json") {
      return jsonAnswer({ error: "a change is sent as application/json" }, 415);
    }
    return await this.#ask(this.#desk.changes, request, name);
  }

  async #ask(table: Desk["looks"], request: Request, name: string): Promise<Response> {
    const answer = Object.hasOwn(table, name) ? table[name] : undefined;
    if (answer === undefined) return jsonAnswer({ error: "there is no such thing" }, 404);
    const call = await Call.read(request);
    if (slow.includes(name)) return jsonAnswer((await answer(call)) ?? {});
    const answered = await this.#store(name.replace(/^api\//, ""), request, () => answer(call));
    return answered.cut ?? jsonAnswer(answered.value ?? {});
  }

  /** Asks a store, and no longer than it may take. */
  async #store<Value>(what: string, { signal }: Request, call: () => Value | Promise<Value>) {
    const asking = { what, whom: "stores", limitMs: LIMIT_MS, signal };
    const answered = await ask<Value>(asking, call);
    if (answered.kind === "answered") return { value: answered.value };
    // What is cut, nobody waits for.
    if (answered.kind === "cut") return { cut: jsonAnswer({ error: "the request was cut" }, 499) };
    throw answered.thrown ?? answered.error;
  }

  async #export(request: Request): Promise<Response> {
    const { deadLetters } = this.#settings.stores;
    if (deadLetters === undefined) return jsonAnswer({ error: "there are no dead letters" }, 404);
    const call = await Call.read(request);
    const identity = call.maybeText("identity");
    const { key, signal } = call;
    const only = identity === undefined ? undefined : { ...key, identity };
    const answered = await this.#store("export", request, () => {
      return only && deadLetters.get(only, { signal });
    });
    if (answered.cut) return answered.cut;
    const letter = answered.value;
    if (only && !letter) return jsonAnswer({ error: "the letter is not there any more" }, 404);
    const isBare = request.method === "HEAD";
    const body = isBare ? null : exportOf(deadLetters, key, this.#redact, letter);
    return streamAnswer(body, "application/x-ndjson", "letters.jsonl");
  }

  /** The answer for what has failed. What another's code has thrown is told to the logger alone. */
  failed(error: unknown): Response {
    if (isAckloopError(error)) {
      const { code, message, retryable } = error;
      return jsonAnswer({ error: message }, statuses[code] ?? (retryable ? 503 : 500));
    }
    this.#settings.logger.error("ackloop inspector: a request has failed", {
      error: toErrorFacts(error),
    });
    return jsonAnswer({ error: "this has failed; the server's log says why" }, 500);
  }
}

const statuses: Readonly<Partial<Record<AckloopError["code"], number>>> = {
  config: 400,
  request: 400,
  conflict: 409,
  notFound: 404,
};
