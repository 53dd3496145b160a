import { nodeModule } from "../../core/node-module.ts";

/** Starts a handler. */
export type Enter = <Result>(call: () => Result) => Result;

/** Starts it in the context of whatever starts it. */
export const asItIs: Enter = (call) => call();

/**
 * Makes the function that starts each handler in the async context of now, whatever a handler before it
 * has entered by `AsyncLocalStorage.enterWith`. Where there is no such context it costs nothing.
 */
export function toEnter(): Enter {
  const AsyncResource = nodeModule("node:async_hooks")?.AsyncResource;
  if (AsyncResource === undefined) return asItIs;
  // What is entered sticks to a resource: each handler has its own, made in the one that nothing enters.
  const now = new AsyncResource("ackloop.run", MANUAL);
  const make = (): InstanceType<typeof AsyncResource> =>
    new AsyncResource("ackloop.handler", MANUAL);
  return (call) => now.runInAsyncScope(make).runInAsyncScope(call);
}

/** Nobody listens for the end of these. */
const MANUAL = Object.freeze({ requireManualDestroy: true });
