import { AckloopError } from "../core/errors.ts";
import type { StoreKey } from "../core/stores.ts";

/** The most bytes that a request may have: an event that was edited, and some more. */
const MOST_BYTES = 8_000_000;

/** What was asked, with its query or its body. */
export class Call {
  readonly request: Request;
  readonly #given: Readonly<Record<string, unknown>>;

  private constructor(request: Request, given: Readonly<Record<string, unknown>>) {
    this.request = request;
    this.#given = given;
  }

  /** Reads a request. @throws {AckloopError} `request` where its body is no JSON object, too long, or read before. */
  static async read(request: Request): Promise<Call> {
    if (request.method !== "POST") {
      return new Call(request, Object.fromEntries(new URL(request.url).searchParams));
    }
    const wasRead = request.bodyUsed || request.body?.locked === true;
    const text = wasRead ? "" : await readText(request);
    if (text === "") {
      const todo = "mount the inspector with no body parser in front of it";
      throw new AckloopError("request", `nothing is in the body, or it was read before: ${todo}`);
    }
    try {
      const given: unknown = JSON.parse(text);
      if (typeof given === "object" && given !== null) return new Call(request, { ...given });
    } catch {
      // It says below what it must be.
    }
    throw new AckloopError("request", "the body must be a JSON object");
  }

  get signal(): AbortSignal {
    return this.request.signal;
  }

  /** What was given by a name. */
  get(name: string): unknown {
    return Object.hasOwn(this.#given, name) ? this.#given[name] : undefined;
  }

  /** A text that may be left out. */
  maybeText(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined || typeof value === "string") return value;
    throw new AckloopError("request", `${name} must be a text`);
  }

  text(name: string): string {
    const value = this.maybeText(name);
    if (value === undefined) throw new AckloopError("request", `${name} is missing`);
    return value;
  }

  whole(name: string): number {
    const given = this.get(name);
    // Not whatever is taken for a number: nothing, as JSON writes what is none, would be 0.
    const isGiven = typeof given === "number" || (typeof given === "string" && /^\d+$/.test(given));
    const value = Number(given);
    if (isGiven && Number.isSafeInteger(value) && value >= 0) return value;
    throw new AckloopError("request", `${name} must be a whole number`);
  }

  texts(name: string): readonly string[] {
    const value = this.get(name);
    if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
    throw new AckloopError("request", `${name} must be a list of texts`);
  }

  /** Whose it is. */
  get key(): StoreKey {
    return { consumer: this.text("consumer"), feed: this.text("feed") };
  }
}

/** The body as text, of which no more is held than may come. */
async function readText(request: Request): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of request.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) throw new AckloopError("request", "the body is too long");
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}
