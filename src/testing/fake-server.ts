import type { Route } from "../emulator/definition.ts";
import { createEmulator, createTools } from "../emulator/emulator.ts";
import { json } from "../emulator/exchange.ts";
import { type EmulatorSide, emulatorSide } from "./emulator-side.ts";
import type { FeedFault } from "./feed-laws/harness.ts";

/** One request to a {@link fakeServer}. */
export interface FakeRequest {
  /** The request itself; its body is unread. */
  readonly request: Request;
  /** The values of the path's `:name` segments, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The query. */
  readonly query: URLSearchParams;
  /** Fires when the caller goes away: for an answer that waits. */
  readonly signal: AbortSignal;
}

/** One call of a {@link fakeServer}. */
export interface FakeRoute {
  /** The method and the path, such as `"GET /topics/:topic/events"`. */
  readonly route: `${"GET" | "POST" | "PUT" | "DELETE"} /${string}`;
  /** Answers it: what is no `Response` is sent as JSON, with the status 200. */
  readonly answer: (request: FakeRequest) => unknown;
}

/** The provider's side of a harness: its `fetch`, and what goes wrong there. */
export interface FakeServer extends EmulatorSide {
  /** Lets acks fail; absent where the server has no call `ack`. */
  failAck?(fault: FeedFault): void;
  /** Cuts what is open. */
  close(): Promise<void>;
}

/**
 * Makes a server of one's own API in memory, as the provider's side of a {@link FeedHarness}. Its state is the
 * caller's; faults, aborts, cut connections, the count of requests and the credentials that were sent are here.
 *
 * A request to a path that is none of these is answered with 404, and another method with 405.
 *
 * @example
 * const server = fakeServer({
 *   pull: { route: "GET /entries", answer: ({ query }) => ({ entries: after(query.get("after")) }) },
 * });
 */
export function fakeServer(routes: {
  /** The call that a pull makes. */
  readonly pull: FakeRoute;
  /** The call that an ack makes, where one is sent. */
  readonly ack?: FakeRoute | undefined;
}): FakeServer {
  const emulator = createEmulator(createTools("fake"), {
    routes: Object.entries<FakeRoute | undefined>(routes).flatMap(([operation, given]): Route[] => {
      if (given === undefined) return [];
      const [method, path = ""] = given.route.split(" ");
      const route: Route = {
        operation,
        method: method as Route["method"],
        path,
        async handle({ request, params, url: { searchParams: query }, signal }) {
          const reply = await given.answer({ request, params, query, signal });
          return isResponse(reply) ? reply : json(reply);
        },
      };
      return [route];
    }),
    errorReply: (status, text) => json({ error: text }, status),
    admin: {},
    connection: () => ({}),
  });
  const ack = routes.ack && "ack";
  return { ...emulatorSide(emulator, { pull: "pull", ack }), close: () => emulator.close() };
}

/** Not by its class: under a test runner it may be another realm's. */
function isResponse(reply: unknown): reply is Response {
  return typeof reply === "object" && reply !== null && "arrayBuffer" in reply;
}
