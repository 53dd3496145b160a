/** A refusal that a handler throws; the framework turns it into the provider's error body. */
export class Refusal extends Error {
  override readonly name = "Refusal" as const;
  /** The HTTP status. */
  readonly status: number;
  /** Headers beside the content type. */
  readonly headers: Readonly<Record<string, string>>;
  /** The vendor's own code for it, where its error bodies have one. */
  readonly code: string | undefined;

  /** Refuses with a status, the text for the error body, and the vendor's code where it has one. */
  constructor(
    status: number,
    text: string,
    headers: Readonly<Record<string, string>> = {},
    code?: string,
  ) {
    super(text);
    this.status = status;
    this.headers = headers;
    this.code = code;
  }
}

/** An answer with a JSON body. */
export function json(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
  });
}

/**
 * The value as it goes over the wire, so that whoever gave it can change nothing of it any more.
 *
 * @throws {TypeError} when it is no JSON.
 */
export function copied<Value>(place: string, value: Value): Value {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A BigInt or a cycle.
  }
  if (text === undefined) throw new TypeError(`${place} must be JSON`);
  return JSON.parse(text) as Value;
}

/** Whether a value is an object with members: no list, not null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a request's body as JSON; `undefined` when it is empty.
 *
 * @throws {Refusal} 400 when it is not JSON.
 */
export async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, "The request body is not valid JSON.");
  }
}

/** Whether the request says that its body is JSON. */
export function saysJson(request: Request): boolean {
  const type = request.headers.get("content-type") ?? "";
  return /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type);
}

/** Whether the request takes JSON for an answer; one without `Accept` does. */
export function takesJson(request: Request): boolean {
  const accept = request.headers.get("accept") ?? "*/*";
  return /(^|[\s,])(\*\/\*|application\/\*|application\/json)\s*(;|,|$)/i.test(accept);
}

/** The credential behind a scheme such as `Bearer`; absent when the header is missing or differs. */
export function readCredential(request: Request, scheme: string): string | undefined {
  const [name, ...rest] = (request.headers.get("authorization") ?? "").split(" ");
  const value = rest.join(" ").trim();
  if (name?.toLowerCase() !== scheme.toLowerCase() || value === "") return undefined;
  return value;
}

/** A name and a password. */
export interface BasicCredential {
  /** What stands before the colon. */
  readonly name: string;
  /** What stands behind it. */
  readonly password: string;
}

/** The credential of HTTP Basic; absent when the header is missing or malformed. */
export function readBasic(request: Request): BasicCredential | undefined {
  const encoded = readCredential(request, "Basic");
  if (encoded === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    const [name, ...rest] = new TextDecoder().decode(bytes).split(":");
    if (name === undefined || rest.length === 0) return undefined;
    return { name, password: rest.join(":") };
  } catch {
    return undefined;
  }
}
