import { AckloopError } from "../../../src/core/errors.ts";

/** Whatever may be thrown by somebody else, and some that may be returned. */
const makers = {
  undefined: () => undefined,
  null: () => null,
  object: () => ({ code: "E", message: "declined" }),
  nullPrototype: () => Object.assign(Object.create(null) as object, { message: "bare" }),
  revokedProxy: () => revoked(),
  messageGetter: () => hostile(),
  symbol: () => Symbol("odd"),
  number: () => 42,
  string: () => "declined",
  thenable: () => foreignThenable(),
  typeError: () => new TypeError("fetch failed"),
  domException: () => new DOMException("gone", "AbortError"),
  aggregate: () => new AggregateError([new Error("one"), undefined], "all failed"),
  function: () => function odd() {},
  frozen: () => Object.freeze(new Error("frozen")),
  retryable: () => new AckloopError("transport", "away", { retryable: true }),
  rateLimit: () =>
    new AckloopError("rateLimit", "too many", {
      retryable: true,
      status: 429,
      retryAfterMs: 20_000,
    }),
  request: () => new AckloopError("request", "refused as wrong", { status: 422 }),
  fatal: () => new AckloopError("auth", "refused", { status: 401 }),
} as const satisfies Readonly<Record<string, () => unknown>>;

/** The name of such a value. */
export type OddName = keyof typeof makers;

/** All names but that of the one which ends a run. */
export const oddNames = (Object.keys(makers) as OddName[]).filter((name) => name !== "fatal");

/** Makes the value of a name. */
export function makeOdd(name: OddName): unknown {
  return makers[name]();
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function hostile(): Error {
  return Object.defineProperty(new Error("hidden"), "message", {
    get() {
      throw new Error("a message that throws");
    },
  });
}

/** It has a `then` that calls back both ways, and more than once. */
function foreignThenable(): unknown {
  const callBack = (onValue?: (value: unknown) => void, onThrown?: (thrown: unknown) => void) => {
    onThrown?.(undefined);
    onValue?.(undefined);
  };
  const thenable = {};
  Reflect.set(thenable, "then", callBack);
  return thenable;
}
