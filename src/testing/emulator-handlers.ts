import type { Emulator } from "../emulator/index.ts";

/** As much of msw's `http` as is needed: `import { http } from "msw"`. */
export interface MswHttp<Handler> {
  /** Makes a handler of every method. */
  all(path: string, resolver: (info: { readonly request: Request }) => Promise<Response>): Handler;
}

/**
 * Makes msw handlers that answer with an emulator, for programs whose `fetch` cannot be injected.
 *
 * `origin` is where the program believes the provider to be, such as `https://api.tiki.vn`; a path
 * behind it is left out of what the emulator sees. A connection that the emulator cuts is a network
 * error to the program. Importing this loads nothing of msw: the caller brings its `http`.
 *
 * @example
 * const server = setupServer(...emulatorHandlers(http, tikiEmulator(), "https://api.tiki.vn"));
 */
export function emulatorHandlers<Handler>(
  http: MswHttp<Handler>,
  emulator: Pick<Emulator, "fetch">,
  origin: string,
): readonly [Handler] {
  const root = new URL(origin);
  const prefix = root.pathname.replace(/\/$/, "");
  const handler = http.all(`${root.origin}${prefix}/*`, async ({ request }) => {
    const url = new URL(request.url);
    url.pathname = url.pathname.slice(prefix.length);
    const { method, headers, signal } = request;
    const body = method === "GET" || method === "HEAD" ? null : await request.arrayBuffer();
    try {
      return await emulator.fetch(url, { method, headers, body, signal });
    } catch {
      // What an emulator rejects with is what a socket would: no answer.
      return Response.error();
    }
  });
  return [handler];
}
