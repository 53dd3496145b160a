import type { EmulatorTools } from "../definition.ts";
import type { WebhookAssumptions } from "./assumptions.ts";
import type { Ending } from "./ending.ts";
import type { Outgoing } from "./outgoing.ts";
import type { DomainState, ListenerState } from "./state.ts";

/**
 * Checks a listener's `liveness_url` now and then, until the listener or the emulator ends.
 */
export async function watchLiveness(
  listener: ListenerState,
  tools: EmulatorTools,
  outgoing: Outgoing,
  assumptions: WebhookAssumptions,
): Promise<void> {
  const { livenessIntervalMs, livenessMethod: method, timeoutMs, firstCheckMs } = assumptions;
  const { ending } = listener;
  if (firstCheckMs > 0 && livenessIntervalMs > 0) await ending.wait(firstCheckMs);
  while (livenessIntervalMs > 0 && !ending.isOver) {
    const { spoil } = tools.faults.take("liveness");
    const { status = 0 } = spoil
      ? {}
      : await outgoing(listener.livenessUrl, { method }, { timeoutMs, ending });
    if (ending.isOver) return;
    noteCheck(listener, status > 0 && assumptions.isAlive(status), assumptions);
    await ending.wait(livenessIntervalMs);
  }
}

/**
 * No answer within the time limit, or one that does not mean alive, is a failure; several in a row make
 * a listener inactive, and one good check stable again.
 */
function noteCheck(
  listener: ListenerState,
  isAlive: boolean,
  { livenessFailures }: WebhookAssumptions,
): void {
  listener[isAlive ? "successes" : "failures"] += 1;
  listener.failuresInRow = isAlive ? 0 : listener.failuresInRow + 1;
  listener.state = listener.failuresInRow >= livenessFailures ? "inactive" : "stable";
}

/** How a domain's challenge is fetched. */
export interface ChallengeOptions {
  /** Documented is https alone; http lets a loopback server be checked. */
  readonly scheme: "https" | "http";
  /** How often a domain that is not verified is asked, in ms. */
  readonly intervalMs: number;
  /** The folder of every challenge. */
  readonly folder: string;
}

/** Asks a domain for its challenge until it serves it, is deleted, or the emulator ends. */
export async function verifyDomain(
  domain: DomainState,
  isThere: () => boolean,
  {
    tools,
    outgoing,
    ending,
    scheme,
    intervalMs,
    folder,
  }: ChallengeOptions & {
    readonly tools: EmulatorTools;
    readonly outgoing: Outgoing;
    readonly ending: Ending;
  },
): Promise<void> {
  const path = `${folder.replaceAll(/^\/+|\/+$/g, "")}/${domain.fileName}`;
  const url = `${scheme}://${domain.hostname}:${domain.port}/${path}`;
  while (isThere() && !ending.isOver) {
    const { status, text } = await outgoing(url, { method: "GET" }, { timeoutMs: 10_000, ending });
    if (status === 200 && text === domain.fileContent) {
      domain.verifiedAt = tools.clock.now();
      return;
    }
    await ending.wait(intervalMs);
  }
}
