import { randomUUID } from "node:crypto";
import type { Receiver } from "ackloop";
import { variable } from "./environment.ts";
import type { Output } from "./output.ts";
import type { Account, OwnPlace } from "./provider.ts";
import { webhookSecretVariable } from "./reading.ts";
import { serve } from "./serve.ts";
import type { Environment } from "./surroundings.ts";
import { untilAborted } from "./wait.ts";

/** How a provider that calls is answered. */
export interface Calling {
  readonly account: Account;
  readonly place: string;
  readonly environment: Environment;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** The port, 0 for a free one. */
  readonly port: number;
  /** The public address of the port, where one is known. */
  readonly url: string | undefined;
  /** Makes the answers. */
  readonly handle: (receiver: Receiver) => (request: Request) => Promise<Response>;
  /** What is answered, for people. */
  readonly told: string;
  /** Makes a listener that leads to the address, with its secret. */
  readonly own?: ((url: string) => Promise<OwnPlace>) | undefined;
  /** Ends it too. */
  readonly done?: AbortSignal | undefined;
}

/** Serves the receiver of a place until a signal fires, and tells how it is reached. */
export async function answerCalls(calling: Calling): Promise<void> {
  const { account, place, environment, output, signal, port, url, told, own, done } = calling;
  const given = variable(environment, webhookSecretVariable);
  const secret = given ?? randomUUID();
  const receiver = account.receiver?.(place, secret);
  if (receiver === undefined) return;
  const served = await serve(calling.handle(receiver), port);
  let made: OwnPlace | undefined;
  try {
    const address = new URL(url ?? `http://127.0.0.1:${served.port}`);
    // One that was made for this run is told, or nobody could call; the user's own is not.
    const query = given === undefined ? secret : `<${webhookSecretVariable}>`;
    output.note(`listening on port ${served.port}, for a listener that calls`);
    output.note(`  ${address.href}?secret=${query}`);
    output.note(told);
    address.searchParams.set("secret", secret);
    made = await own?.(address.href);
    await untilAborted(signal, ...(done ? [done] : []));
  } finally {
    // Not by the signal, which has fired; what hangs is ended by a second Ctrl+C.
    if (made) output.note(await made.end(new AbortController().signal));
    await served.close();
  }
}
