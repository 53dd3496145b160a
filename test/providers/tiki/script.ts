/** A request as the script saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  /** The parsed body, JSON or form. */
  readonly body: unknown;
}

/** What the script answers: JSON with status 200, or a whole response, or a failure of the network. */
export type ScriptedAnswer = Response | Error | object;

/**
 * Makes a fetch that gives the answers in their order, and refuses any request beyond them.
 *
 * `requests` holds what was sent.
 */
export function script(...answers: readonly ScriptedAnswer[]): {
  readonly fetch: typeof globalThis.fetch;
  readonly requests: SeenRequest[];
} {
  const requests: SeenRequest[] = [];
  return {
    requests,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const answer = answers[requests.length];
      requests.push(await see(request));
      if (answer === undefined) {
        throw new Error(`request ${requests.length} is not in the script`);
      }
      if (answer instanceof Error) throw answer;
      return answer instanceof Response ? answer : Response.json(answer);
    },
  };
}

async function see(request: Request): Promise<SeenRequest> {
  const text = await request.text();
  const isForm = request.headers.get("content-type")?.startsWith("application/x-www-form");
  const body = isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text || "null");
  return {
    method: request.method,
    url: request.url,
    authorization: request.headers.get("authorization"),
    body,
  };
}
