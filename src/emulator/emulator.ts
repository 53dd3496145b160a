/**
 * The frame that every provider's emulator is built on.
 *
 * An emulator is our second, independent reading of a vendor's documents: it imports nothing of the
 * library but types, so that a wrong reading in a client fails here. To write one:
 *
 * 1. `const tools = createTools("acme", options)` makes what it shares with the frame: `clock`
 *    (skewed by faults; never `Date.now()` for what the provider tells), `random` (seeded), `faults`,
 *    `journal` and `closing`, a signal that fires at `close()`.
 * 2. Its state is plain maps in the factory's closure.
 * 3. `routes` is a table of `{ operation, method, path, handle }`. `path` may hold `:name` segments,
 *    decoded in `call.params`. `operation` is what faults and journal queries name: one short word
 *    for each documented call. `handle(call)` gives a `Response` (`json(body)` of `exchange.ts`) or
 *    throws `new Refusal(status, text)`, which becomes the provider's own error body by `errorReply`.
 *    Checks that several routes share are functions around a handler: `handle: signedIn(pull)`.
 * 4. What happens to an event is noted where it happens: `tools.journal.add({ kind: "published" |
 *    "delivered" | "acked", queue, eventId, request: call.number, operation: call.operation })`. A
 *    `delivered` note is written when the answer is made, an `acked` note when the ack takes effect.
 *    Requests, refusals and faults are noted by the frame.
 * 5. A long poll waits with `createBell()` of `wait.ts` on `call.signal`, which fires when the caller
 *    goes away and at `close()`; publishing rings the bell.
 * 6. `call.duplicate` says that the fault `duplicate` hit this call: deliver something twice.
 * 7. `admin` names what other processes may do through the server, such as `publish`: each takes the
 *    parsed JSON body and gives what is answered; a `Refusal` or `TypeError` becomes a 400.
 * 8. `connection(origin)` gives what a client needs under that origin: base URLs and credentials.
 * 9. `return { ...createEmulator(tools, definition), publish, ... }`, with an interface of its own.
 *
 * The types of all this are in `definition.ts`; `rate-limit.ts` counts calls by key, `random.ts` makes
 * ids. The frame does the rest: fetch semantics, aborts, faults, numbering, 404 and 405, close.
 */
import { createAnswer } from "./answer.ts";
import type { Emulator, EmulatorDefinition, EmulatorOptions, EmulatorTools } from "./definition.ts";
import { createFaults } from "./faults.ts";
import { createJournal } from "./journal.ts";
import { createRandom } from "./random.ts";
import { connectionCut } from "./spoil.ts";

/**
 * Makes what an emulator shares with the frame.
 *
 * @throws {TypeError} when the seed is no integer or the journal's detail is unknown.
 */
export function createTools(name: string, options: EmulatorOptions = {}): EmulatorTools {
  const { seed = 1, journal = "all" } = options;
  if (!Number.isSafeInteger(seed)) throw new TypeError("emulator: seed must be an integer");
  if (!["all", "events", "totals"].includes(journal)) {
    throw new TypeError("emulator: journal must be all, events or totals");
  }
  const faults = createFaults(seed);
  const closing = new AbortController();
  return {
    name,
    seed,
    clock: { now: () => Date.now() + faults.skewMs() },
    random: createRandom(seed),
    faults,
    journal: createJournal(name, journal),
    closing: closing.signal,
    close: () => closing.abort(connectionCut()),
  };
}

/** Makes an emulator of its tools and its definition. */
export function createEmulator(tools: EmulatorTools, definition: EmulatorDefinition): Emulator {
  const answer = createAnswer(tools, definition);
  // Not listeners on `closing`: Node warns of more than ten of them.
  const open = new Set<AbortController>();
  let lastNumber = 0;
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    tools.close();
    for (const controller of open) controller.abort(connectionCut());
    await definition.close?.();
  }

  return {
    name: tools.name,
    seed: tools.seed,
    fetch: async (input, init) => {
      if (tools.closing.aborted) throw connectionCut("fetch failed", "ECONNREFUSED");
      const outer = init?.signal ?? (input instanceof Request ? input.signal : undefined);
      outer?.throwIfAborted();
      lastNumber += 1;
      const number = lastNumber;
      const request = toRequest(input, init);
      return await untilAborted(outer, open, (signal) => answer(number, request, signal, outer));
    },
    faults: tools.faults,
    journal: tools.journal,
    admin: definition.admin,
    connection: definition.connection,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

/**
 * The request without its signal: a `Request` holds on to a long-lived signal for good, and the
 * frame listens to the signal itself.
 */
function toRequest(input: RequestInfo | URL, init: RequestInit | undefined): Request {
  if (input instanceof Request && !init) return input;
  return new Request(input, { ...init, signal: null });
}

/** Answers, and rejects at once when the caller goes away or the emulator closes, as `fetch` does. */
function untilAborted(
  outer: AbortSignal | null | undefined,
  open: Set<AbortController>,
  answer: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(outer?.reason);
  outer?.addEventListener("abort", onAbort, { once: true });
  open.add(controller);
  return new Promise<Response>((resolve, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
    answer(controller.signal).then(resolve, reject);
  }).finally(() => {
    outer?.removeEventListener("abort", onAbort);
    open.delete(controller);
  });
}
