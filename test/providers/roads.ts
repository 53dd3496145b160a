import { expect } from "vitest";
import { type Emulator, serveEmulators } from "../../src/emulator/index.ts";
import type { ClientOptions } from "../../src/http/types.ts";
import type { EmulatorSide } from "../../src/testing/index.ts";

/** How a client reaches its provider: by a `fetch` that was given, or over the wire by each road. */
export const roads = ["given fetch", "node:http", "fetch"] as const;

/** A road that a client takes, for the harness of a kit. */
export interface Reach {
  /** The options of a client. */
  readonly options: Pick<ClientOptions, "fetch" | "transport" | "logger" | "baseUrl">;
  /** Where it issues tokens, when it is not the provider itself. */
  readonly tokenUrl?: string | undefined;
  /** Stops the server, where there is one. */
  close(): Promise<void>;
}

/** Makes a road to an emulator. A hot call that takes another one fails the test. */
export async function reach(
  road: (typeof roads)[number],
  emulator: Emulator,
  side: Pick<EmulatorSide, "fetch">,
): Promise<Reach> {
  if (road === "given fetch") {
    return { options: { fetch: side.fetch }, close: async () => emulator.close() };
  }
  const server = await serveEmulators([{ ...emulator, fetch: side.fetch }]);
  const none = (): void => {};
  const debug = (text: string): void => {
    if (text.includes("pulls and acks go by")) expect(text).toContain(`go by ${road}`);
  };
  return {
    options: {
      baseUrl: server.connection(emulator.name).baseUrl,
      transport: road === "fetch" ? road : "auto",
      logger: { debug, info: none, warn: none, error: none },
    },
    tokenUrl: server.connection(emulator.name)["tokenUrl"],
    close: async () => {
      await emulator.close();
      await server.close();
    },
  };
}
