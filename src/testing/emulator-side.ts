import { isRequest } from "../core/realm.ts";
import type { Emulator, FaultEffect } from "../emulator/index.ts";
import type { FeedFault, FeedHarness } from "./feed-laws/harness.ts";

/** A part of a {@link FeedHarness}: what an emulator can tell and spoil without being asked how. */
export type EmulatorSide = Required<
  Pick<FeedHarness, "failPull" | "heal" | "requests" | "secrets">
> &
  Pick<FeedHarness, "failAck"> & {
    /** What the client under test uses in place of the global `fetch`. */
    readonly fetch: typeof globalThis.fetch;
  };

/**
 * Makes the provider's side of a harness of an emulator.
 *
 * @param operations The emulator's names of the calls that a pull and an ack make. Without `ack` the
 * laws about failing acks are not testable.
 */
export function emulatorSide(
  emulator: Pick<Emulator, "fetch" | "faults">,
  operations: { readonly pull: string; readonly ack?: string | undefined },
): EmulatorSide {
  const { pull, ack } = operations;
  const credentials = new Set<string>();
  const count = { sent: 0, open: 0 };
  const failBy = (operation: string) => (fault: FeedFault) => {
    emulator.faults.add({ ...toEffect(fault), operation, count: fault.count });
  };
  return {
    async fetch(input, init) {
      const given = init?.headers ?? (isRequest(input) ? input.headers : undefined);
      for (const header of new Headers(given)) {
        for (const text of toCredentials(header)) credentials.add(text);
      }
      count.sent += 1;
      count.open += 1;
      try {
        return await emulator.fetch(input, init);
      } finally {
        count.open -= 1;
      }
    },
    failPull: failBy(pull),
    ...(ack === undefined ? {} : { failAck: failBy(ack) }),
    heal: () => emulator.faults.clear(),
    requests: () => ({ ...count }),
    secrets: () => [...credentials],
  };
}

function toEffect(fault: FeedFault): FaultEffect {
  const { kind, status = 500, retryAfter, ms = 0 } = fault;
  if (kind === "status") return { kind, status, retryAfter };
  return kind === "delay" ? { kind, ms } : { kind };
}

/** What is secret in a header by its name, and the password within it where its scheme is Basic. */
function toCredentials([name, value]: readonly [string, string]): readonly string[] {
  if (name !== "authorization") return /api-?key|token|secret/.test(name) && value ? [value] : [];
  const credential = value.split(" ")[1];
  if (!credential) return [];
  if (!value.startsWith("Basic ")) return [credential];
  const password = atob(credential).split(":").slice(1).join(":");
  return password === "" ? [credential] : [credential, password];
}
