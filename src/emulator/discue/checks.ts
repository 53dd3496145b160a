import type { EmulatorTools } from "../definition.ts";
import type { WebhookAssumptions } from "./assumptions.ts";
import type { Ending } from "./ending.ts";
import type { Outcome, Outgoing } from "./outgoing.ts";
import type { DomainState, ListenerState } from "./state.ts";

/** The name of a check in faults and in the journal. */
const operation = "liveness";

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
    const check = () =>
      outgoing(listener.livenessUrl, { method }, { operation: "liveness", timeoutMs, ending });
    const { status = 0 } = await withFaults(listener, tools, check);
    if (ending.isOver) return;
    noteCheck(listener, status > 0 && assumptions.isAlive(status), assumptions);
    await ending.wait(livenessIntervalMs);
  }
}

/** One check, with the faults that hit it: a status in place of the listener's own, or no answer. */
async function withFaults(
  { ending, queue, id: reader }: ListenerState,
  { faults, journal }: EmulatorTools,
  check: () => Promise<Outcome>,
): Promise<Outcome> {
  const { kinds, delayMs, spoil } = faults.take(operation);
  for (const fault of kinds) {
    journal.add({ kind: "fault", queue: queue.id, reader, operation, fault });
  }
  if (delayMs > 0) await ending.wait(delayMs);
  if (!spoil) return ending.isOver ? {} : await check();
  if (spoil.kind === "status") return { status: spoil.status };
  return spoil.kind === "html" ? { status: spoil.status ?? 502 } : {};
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
    const { status, text } = await outgoing(
      url,
      { method: "GET" },
      { operation: "challenge", timeoutMs: 10_000, ending },
    );
    if (status === 200 && text === domain.fileContent) {
      domain.verifiedAt = tools.clock.now();
      return;
    }
    await ending.wait(intervalMs);
  }
}
