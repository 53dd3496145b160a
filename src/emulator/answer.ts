import type { Call, EmulatorDefinition, EmulatorTools, Route } from "./definition.ts";
import { Refusal } from "./exchange.ts";
import { createRouter } from "./routes.ts";
import { isConnectionCut, spoilAfter, spoilBefore } from "./spoil.ts";
import { wait } from "./wait.ts";

/** Answers a request that has its number. Rejects when it is cut, or when `signal` fires. */
export type Answer = (number: number, request: Request, signal: AbortSignal) => Promise<Response>;

/** A call before its faults are known. */
type Arrived = Omit<Call, "duplicate">;

async function handled(
  route: Route,
  call: Call,
  errorReply: EmulatorDefinition["errorReply"],
): Promise<Response> {
  try {
    return await route.handle(call);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const reply = errorReply(error.status, error.message);
    for (const [name, value] of Object.entries(error.headers)) reply.headers.set(name, value);
    return reply;
  }
}

/** Makes the answer to a known call: faults, handler, spoilt answer, journal. */
function createRouted({ faults, journal }: EmulatorTools, { errorReply }: EmulatorDefinition) {
  return async (route: Route, call: Arrived): Promise<Response> => {
    const { number: request, operation } = call;
    const { kinds, delayMs, duplicate, spoil } = faults.take(operation);
    for (const fault of kinds) journal.add({ kind: "fault", request, operation, fault });
    if (delayMs > 0) await wait(delayMs, call.signal);
    const instead = spoil && spoilBefore(spoil, errorReply);
    if (instead) {
      journal.add({ kind: "request", request, operation, status: instead.status });
      return instead;
    }
    const reply = await handled(route, { ...call, duplicate }, errorReply);
    const sent = spoil ? await spoilAfter(spoil, reply) : reply;
    const kind = reply.status >= 400 && reply.status < 500 ? "refused" : "request";
    journal.add({ kind, request, operation, status: sent.status });
    return sent;
  };
}

/** Makes the way of a request through an emulator. */
export function createAnswer(tools: EmulatorTools, definition: EmulatorDefinition): Answer {
  const { journal } = tools;
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

  return async (number, request, signal) => {
    const url = new URL(request.url);
    const match = findRoute(request.method, url.pathname);
    const reply =
      match.found === "route"
        ? await known(match.route, {
            number,
            operation: match.route.operation,
            request,
            url,
            params: match.params,
            signal,
          })
        : unrouted(number, match.found === "methods" ? match.methods : []);
    reply.headers.set("date", new Date(tools.clock.now()).toUTCString());
    return reply;
  };
}
