/**
 * The frame that every provider's emulator is built on.
 *
 * An emulator is our second, independent reading of a vendor's documents: it imports nothing of the
 * library but types, so that a wrong reading in a client fails here. To write one:
 *
 * 1. `const tools = createTools("acme", options)` makes what it shares with the frame: `clock`
 *    (skewed by faults; never `Date.now()` for what the provider tells), `random("id")` (seeded, one for
 *    each purpose), `faults`, `journal` and `closing`, a signal that fires at `close()`.
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
 * 8. `places` and `held` tell what there is, for somebody who looks; a call that it makes itself is begun and
 *    ended by `tools.watching.begin`.
 * 9. `connection(origin)` gives what a client needs under that origin: base URLs and credentials.
 * 10. `return resettable(createTools(...), (tools) => ({ ...createEmulator(tools, definition), publish }))`,
 *    with an interface of its own. All state is made inside, so that a reset makes it anew.
 *
 * The types of all this are in `definition.ts`; `rate-limit.ts` counts calls by key, `random.ts` makes
 * ids. The frame does the rest: fetch semantics, aborts, faults, numbering, 404 and 405, close.
 */
import { createAnswer } from "./answer.ts";
import type {
  Connection,
  Emulator,
  EmulatorClock,
  EmulatorDefinition,
  EmulatorFrame,
  EmulatorOptions,
  EmulatorTools,
} from "./definition.ts";
import { createFaults } from "./faults.ts";
import { createJournal, type Journal } from "./journal.ts";
import { createRandoms } from "./random.ts";
import { secretsOf } from "./shown-target.ts";
import { connectionCut } from "./spoil.ts";
import { createWatching } from "./watch.ts";

/** Not `Date` itself: a test may put a fake one in its place later. */
const currentClock: EmulatorClock = { now: () => Date.now() };

/**
 * Makes what an emulator shares with the frame.
 *
 * @throws {TypeError} when the seed is no integer, the journal's detail is unknown or the clock is none.
 */
export function createTools(name: string, options: EmulatorOptions = {}): EmulatorTools {
  const { seed = 1, journal: keeps, clock = currentClock } = options;
  if (!Number.isSafeInteger(seed)) throw new TypeError("emulator: seed must be an integer");
  if (typeof clock?.now !== "function") throw new TypeError("emulator: clock must have now()");
  const faults = createFaults(seed);
  const watching = createWatching();
  const journal = createJournal(name, keeps, watching.entry);
  const closing = new AbortController();
  let random = createRandoms(seed);
  return {
    name,
    seed,
    clock: { now: () => clock.now() + faults.skewMs() },
    random: (purpose) => random(purpose),
    faults,
    journal,
    watching,
    closing: closing.signal,
    close: () => closing.abort(connectionCut()),
    reset() {
      faults.reset();
      journal.reset();
      random = createRandoms(seed);
      watching.reset();
    },
  };
}

/** What is closed takes nothing in; it can still be looked at. */
const takesIn = /^(publish|emit|create|hide|set|authorize|purge|revoke)/;

/**
 * Makes an emulator that can begin anew: `make` is called once more for each reset, and what users hold
 * goes to the newest.
 */
export function resettable<Made extends EmulatorFrame>(
  tools: EmulatorTools,
  make: (tools: EmulatorTools) => Made,
): Omit<Made, "end"> & Pick<Emulator, "reset" | typeof Symbol.asyncDispose> {
  let made = make(tools);
  const { end: _, admin, ...members } = made;
  type Functions = Readonly<Record<string, (...all: unknown[]) => unknown>>;
  const checkOpen = (name: string): void => {
    if (!tools.closing.aborted || !takesIn.test(name)) return;
    throw new TypeError(`${tools.name} emulator: it is closed, so ${name} has no effect`);
  };
  const forwarded = Object.entries(members).map(([name, member]) => {
    if (typeof member !== "function") return [name, member] as const;
    const call = (...all: unknown[]): unknown => {
      checkOpen(name);
      return (made as unknown as Functions)[name]?.(...all);
    };
    return [name, call] as const;
  });
  const commands = Object.keys(admin).map((name) => {
    const run = (body: unknown): unknown => {
      checkOpen(name);
      return made.admin[name]?.(body);
    };
    return [name, run] as const;
  });
  return {
    ...(Object.fromEntries(forwarded) as unknown as Omit<Made, "end">),
    admin: Object.fromEntries(commands),
    async reset() {
      await made.end();
      tools.reset();
      made = make(tools);
    },
    [Symbol.asyncDispose]: () => made.close(),
  };
}

/** Makes an emulator of its tools and its definition. */
export function createEmulator<Own extends Connection, Operation extends string>(
  tools: EmulatorTools,
  definition: EmulatorDefinition<Own, Operation>,
): EmulatorFrame<Own, Operation> {
  const { routes, outgoing = [] } = definition;
  const operations = routes.map(({ operation }) => operation);
  tools.faults.know(operations, outgoing);
  tools.journal.know([...operations, ...outgoing]);
  tools.watching.know(secretsOf(definition.connection("")));
  const answer = createAnswer(tools, definition);
  // Not listeners on `closing`: Node warns of more than ten of them.
  const open: Open = new Map();
  let lastNumber = 0;
  let closed: Promise<void> | undefined;

  async function end(): Promise<void> {
    // Who is cut may ask again at once, while this waits for the others.
    while (open.size > 0) {
      for (const controller of open.keys()) controller.abort(connectionCut());
      await Promise.allSettled(open.values());
    }
    await definition.end?.();
  }

  return {
    name: tools.name,
    seed: tools.seed,
    fetch: async (input, init) => {
      if (tools.closing.aborted) throw connectionCut("fetch failed", "ECONNREFUSED");
      const outer = init?.signal ?? (isRequest(input) ? input.signal : undefined);
      if (outer?.aborted) throw outer.reason;
      lastNumber += 1;
      const number = lastNumber;
      const request = toRequest(input, init);
      const reply = await untilAborted(outer, open, (signal) =>
        answer(number, request, signal, outer),
      );
      return Object.defineProperty(whileWanted(reply, outer), "url", { value: request.url });
    },
    faults: tools.faults,
    // The frame knows its calls by text alone.
    journal: tools.journal as unknown as Journal<Operation>,
    admin: definition.admin,
    connection: definition.connection,
    places: () => definition.places?.() ?? [],
    held: (place, eventId) => definition.held?.(place, eventId),
    watch: tools.watching.add,
    end,
    close() {
      tools.close();
      closed ??= end();
      return closed;
    },
  };
}

/** Not by its class: under a test runner it may be another realm's. */
function isRequest(input: RequestInfo | URL): input is Request {
  return typeof input === "object" && "headers" in input;
}

/**
 * The request without its signal: a `Request` holds on to a long-lived signal for good, and the
 * frame listens to the signal itself.
 */
function toRequest(input: RequestInfo | URL, init: RequestInit | undefined): Request {
  if (isRequest(input) && !init) return input;
  return new Request(input, { ...init, signal: null });
}

/**
 * The reply with a body that breaks when its caller has given up, as that of `fetch` does. Looked at when a
 * piece is asked for, and not listened to: a body that nobody reads would leave its listener for good.
 */
function whileWanted(reply: Response, outer: AbortSignal | null | undefined): Response {
  if (!outer || !reply.body) return reply;
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> = reply.body.getReader();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (outer.aborted) {
          controller.error(outer.reason);
          return await reader.cancel(outer.reason);
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  const { status, statusText, headers } = reply;
  return new Response(body, { status, statusText, headers });
}

/** What is under way. */
type Open = Map<AbortController, Promise<Response>>;

/** Answers, and rejects at once when the caller goes away or the emulator closes, as `fetch` does. */
function untilAborted(
  outer: AbortSignal | null | undefined,
  open: Open,
  answer: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(outer?.reason);
  outer?.addEventListener("abort", onAbort, { once: true });
  const answered = answer(controller.signal);
  open.set(controller, answered);
  return new Promise<Response>((resolve, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
    answered.then(resolve, reject);
  }).finally(() => {
    outer?.removeEventListener("abort", onAbort);
    open.delete(controller);
  });
}
