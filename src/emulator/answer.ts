import type { Call, EmulatorDefinition, EmulatorTools, Route } from "./definition.ts";
import { Refusal } from "./exchange.ts";
import { createRouter, type RouteMatch } from "./routes.ts";
import { isConnectionCut, spoilAfter, spoilBefore } from "./spoil.ts";
import { wait } from "./wait.ts";

/** Answers a request that has its number. Rejects when it is cut, or when `signal` fires. */
export type Answer = (
  number: number,
  request: Request,
  signal: AbortSignal,
  caller: AbortSignal | null | undefined,
) => Promise<Response>;

/** A call before its faults are known. */
interface Arrived extends Omit<Call, "duplicate"> {
  /** The caller's own signal, which can fire once the answer has come and its body has not. */
  readonly caller: AbortSignal | null | undefined;
}

async function handled(
  route: Route,
  call: Call,
  errorReply: EmulatorDefinition["errorReply"],
): Promise<Response> {
  try {
    return await route.handle(call);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return saying(error.headers, errorReply(error.status, error.message, error.code));
  }
}

function saying(headers: Readonly<Record<string, string>>, reply: Response): Response {
  for (const [name, value] of Object.entries(headers)) reply.headers.set(name, value);
  return reply;
}

/** Makes the answer to a known call: faults, handler, spoilt answer, journal. */
function createRouted(
  { faults, journal, closing }: EmulatorTools,
  { errorReply }: EmulatorDefinition,
) {
  return async (route: Route, call: Arrived): Promise<Response> => {
    const { number: request, operation } = call;
    const { kinds, delayMs, duplicate, headers, spoil } = faults.take(operation);
    for (const fault of kinds) journal.add({ kind: "fault", request, operation, fault });
    if (delayMs > 0) await wait(delayMs, call.signal);
    const instead = spoil && spoilBefore(spoil, errorReply);
    if (instead) {
      journal.add({ kind: "request", request, operation, status: instead.status });
      return saying(headers, instead);
    }
    const reply = await handled(route, { ...call, duplicate }, errorReply);
    const sent = spoil ? await spoilAfter(spoil, reply, [closing, call.caller]) : reply;
    const kind = reply.status >= 400 && reply.status < 500 ? "refused" : "request";
    journal.add({ kind, request, operation, status: sent.status });
    return saying(headers, sent);
  };
}

/** Makes the way of a request through an emulator. */
export function createAnswer(tools: EmulatorTools, definition: EmulatorDefinition): Answer {
  const { journal, watching } = tools;
  const findRoute = createRouter(definition.routes);
  const routed = createRouted(tools, definition);

  function unrouted(request: number, methods: readonly string[]): Response {
    const status = methods.length > 0 ? 405 : 404;
    journal.countCall("unknown");
    journal.add({ kind: "refused", request, operation: "unknown", status });
    const text = methods.length > 0 ? "Method not allowed." : "No such resource.";
    const reply = definition.errorReply(status, text);
    if (methods.length > 0) reply.headers.set("allow", methods.join(", "));
    return reply;
  }

  async function known(route: Route, call: Arrived): Promise<Response> {
    const { number: request, operation } = call;
    journal.countCall(operation);
    try {
      return await routed(route, call);
    } catch (error) {
      // A cut or an abandoned request ends without an answer. Anything else is a bug of the emulator.
      if (isConnectionCut(error) || call.signal.aborted) {
        journal.add({ kind: "request", request, operation });
      }
      throw error;
    }
  }

  async function matched(
    match: RouteMatch<Route>,
    call: Omit<Arrived, "operation" | "params">,
  ): Promise<Response> {
    const reply =
      match.found === "route"
        ? await known(match.route, {
            ...call,
            operation: match.route.operation,
            params: match.params,
          })
        : unrouted(call.number, match.found === "methods" ? match.methods : []);
    const date = new Date(tools.clock.now()).toUTCString();
    return reply.headers.has("date") ? reply : saying({ date }, reply);
  }

  return async (number, request, signal, caller) => {
    const url = new URL(request.url);
    const match = findRoute(request.method, url.pathname);
    const operation = match.found === "route" ? match.route.operation : "unknown";
    const { method } = request;
    const end = watching.begin({ direction: "in", number, operation, method, url: request.url });
    try {
      const reply = await matched(match, { number, request, url, signal, caller });
      end(reply.status);
      return reply;
    } catch (error) {
      end();
      throw error;
    }
  };
}
