/** The scenario in a process of Node, Bun or Deno, or in a test of Jest, until it is told to end. */
import { createServer } from "node:http";
import { memoryStores, sqliteStores } from "ackloop/stores";
import { toFetchServer } from "../../../examples/demo/fetch-server.ts";
import { type Providers, scenario } from "../scenario.ts";

const { MATRIX_PORT = "", MATRIX_FOLDER = "", MATRIX_STORES = "" } = process.env;

type Serve = (
  options: object,
  handle?: unknown,
) => { stop?(): unknown; shutdown?(): Promise<void> };

/** Serves the scenario; fulfils when `POST /end` has come and all is closed. */
export async function serveUntilEnd(providers: Providers): Promise<void> {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const run = scenario(providers, async (provider) =>
    MATRIX_STORES === "sqlite" ? sqliteStores(`${MATRIX_FOLDER}/${provider}.db`) : memoryStores(),
  );
  const close = serve(async (request) => {
    if (!request.url.endsWith("/end")) return run(request);
    setTimeout(end, 50);
    return new Response("bye");
  });
  await ended;
  await close();
}

/** By each runtime's own server. */
function serve(handle: (request: Request) => Promise<Response>): () => unknown {
  const { Bun, Deno } = globalThis as { Bun?: { serve: Serve }; Deno?: { serve: Serve } };
  const place = { port: Number(MATRIX_PORT), hostname: "127.0.0.1" };
  if (Bun) {
    const server = Bun.serve({ ...place, idleTimeout: 0, fetch: handle });
    return () => server.stop?.();
  }
  if (Deno) {
    const server = Deno.serve({ ...place, onListen: () => {} }, handle);
    return () => server.shutdown?.();
  }
  const server = createServer(toFetchServer(handle)).listen(place.port, place.hostname);
  return () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
}
