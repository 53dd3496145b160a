/** What a user's function may throw or reject with, each made anew, by what it is. */
export const oddValues: readonly (readonly [string, () => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["a plain object", () => ({ code: "E_CODE", message: "declined" })],
  ["an object without a prototype", () => Object.create(null)],
  ["a revoked proxy", revoked],
  ["an error whose message throws", silentError],
  ["a symbol", () => Symbol("odd")],
  ["a rejected foreign thenable", () => rejecting(new Error("late"))],
];

/** A thenable of another library, which is no `Promise` of ours, and rejects. */
export function rejecting(reason: unknown): PromiseLike<never> {
  const promise = Promise.reject<never>(reason);
  promise.catch(() => undefined);
  return {
    // biome-ignore lint/suspicious/noThenProperty: being a foreign thenable is its purpose.
    then: (onValue, onThrown) => promise.then(onValue, onThrown),
  };
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function silentError(): Error {
  return Object.defineProperty(new Error(), "message", {
    get: () => {
      throw new Error("no message");
    },
  });
}
