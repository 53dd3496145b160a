import type { EmulatorTools } from "../definition.ts";
import type { SpoilingFault } from "../fault.ts";
import { broken, halfOf, silence } from "../spoil.ts";
import type { WebhookAssumptions } from "./assumptions.ts";
import type { Outcome, Outgoing } from "./outgoing.ts";
import { signatureHeaders } from "./sign.ts";
import type { ListenerState, MessageState } from "./state.ts";
import type { Usage } from "./usage.ts";

/** What the deliveries need. */
export interface NotifyParts {
  readonly tools: EmulatorTools;
  readonly assumptions: WebhookAssumptions;
  readonly outgoing: Outgoing;
  readonly usage: Usage;
  /** `name` or `alias`. */
  readonly naming: string;
  /** Whether discue may call this listener's host now. */
  readonly mayCall: (listener: ListenerState) => boolean;
}

interface Job {
  readonly listener: ListenerState;
  readonly message: MessageState;
  readonly attempt: number;
}

/** The name of a delivery in faults and in the journal. */
const operation = "notify";

/**
 * Makes the deliveries: each message goes to each listener that was there before it, again and again
 * until the listener acknowledges it, or it, its queue or the listener is deleted.
 */
export function createNotifier(parts: NotifyParts): (message: MessageState) => void {
  const { tools, assumptions } = parts;
  const lines = new Map<ListenerState, { readonly ready: Job[]; active: number }>();

  const lineOf = (listener: ListenerState) => {
    const line = lines.get(listener) ?? { ready: [], active: 0 };
    lines.set(listener, line);
    return line;
  };

  const pump = (listener: ListenerState): void => {
    const line = lineOf(listener);
    while (line.active < assumptions.concurrency) {
      const job = line.ready.shift();
      if (!job) return;
      if (isOver(job, tools)) continue;
      line.active += 1;
      void deliver(job).then(() => {
        line.active -= 1;
        pump(listener);
      });
    }
  };

  const deliver = async (job: Job): Promise<void> => {
    const { listener, message, attempt } = job;
    const outcome = await attemptOnce(job, parts);
    if (isOver(job, tools)) return;
    const isAcked = outcome.status !== undefined && assumptions.isAck(outcome.status);
    note(job, isAcked, parts);
    if (isAcked || attempt >= assumptions.maxAttempts) return;
    const delayMs = retryDelay(attempt, outcome, assumptions);
    // Not awaited: a message that waits for its next try does not keep a place in the line.
    void listener.ending.wait(delayMs).then((isDue) => {
      if (!isDue) return;
      lineOf(listener).ready.push({ listener, message, attempt: attempt + 1 });
      pump(listener);
    });
  };

  return (message) => {
    for (const listener of message.queue.listeners.values()) {
      lineOf(listener).ready.push({ listener, message, attempt: 1 });
      pump(listener);
    }
  };
}

function isOver({ listener, message }: Job, { closing }: EmulatorTools): boolean {
  return closing.aborted || listener.ending.isOver || message.deleted;
}

function note({ listener, message }: Job, isAcked: boolean, { tools, usage }: NotifyParts): void {
  const about = { queue: message.queue.id, message: message.id, listener: listener.id };
  usage.add("messages", isAcked ? "message_published_ok" : "message_published_not_ok", about);
  if (!isAcked) {
    listener.missed.add(message.id);
    return;
  }
  listener.missed.delete(message.id);
  listener.acknowledged += 1;
  tools.journal.add({ kind: "acked", ...placeOf(listener, message) });
}

/** What a delivery is in the journal. */
function placeOf({ id: reader }: ListenerState, { id: eventId, queue }: MessageState) {
  return { queue: queue.id, eventId, reader, operation };
}

function retryDelay(
  attempt: number,
  { retryAfterMs = 0 }: Outcome,
  { retryDelaysMs, honoursRetryAfter }: WebhookAssumptions,
): number {
  const delayMs = retryDelaysMs[attempt - 1] ?? retryDelaysMs.at(-1) ?? 0;
  return honoursRetryAfter ? Math.max(delayMs, retryAfterMs) : delayMs;
}

/** One try, with the faults that hit it. */
async function attemptOnce(job: Job, parts: NotifyParts): Promise<Outcome> {
  const { tools, mayCall } = parts;
  if (!mayCall(job.listener)) return {};
  const { kinds, delayMs, duplicate, spoil } = tools.faults.take(operation);
  for (const fault of kinds) {
    tools.journal.add({ kind: "fault", ...placeOf(job.listener, job.message), fault });
  }
  if (delayMs > 0) await job.listener.ending.wait(delayMs);
  if (isOver(job, tools)) return {};
  if (spoil) return spoilt(spoil, job, parts);
  if (!duplicate) return send(job, parts);
  const [first, second] = await Promise.all([send(job, parts), send(job, parts)]);
  const { isAck } = parts.assumptions;
  return first.status !== undefined && isAck(first.status) ? first : second;
}

/**
 * A try that something goes wrong with. `status`, `html` and `cut` happen before the receiver is
 * reached; of the others, but for `oversize`, the answer never counts.
 */
async function spoilt(fault: SpoilingFault, job: Job, parts: NotifyParts): Promise<Outcome> {
  switch (fault.kind) {
    case "status":
      return { status: fault.status };
    case "html":
      return { status: fault.status ?? 502 };
    case "cut":
      return {};
    case "oversize":
      return send(job, parts, (body) => body.padStart(fault.bytes ?? 67_108_864));
    case "garbage":
      await send(job, parts, () => new Uint8Array([0x7b, 0xff, 0xfe, 0x22]));
      return {};
    case "truncate":
      await send(job, parts, (body) => halfOf(new TextEncoder().encode(body), broken));
      return {};
    case "stall":
      await send(job, parts, (body) => halfOf(new TextEncoder().encode(body), silence()));
      return {};
    default:
      await send(job, parts);
      return {};
  }
}

async function send(
  { listener, message }: Job,
  { tools, assumptions, outgoing, naming }: NotifyParts,
  spoilBody: (body: string) => BodyInit = (body) => body,
): Promise<Outcome> {
  const body = bodyOf(message, assumptions.bodyForm, naming);
  const { signatureSecret, method, headers, timeoutMs } = assumptions;
  const signed = signatureSecret
    ? await signatureHeaders(signatureSecret, { id: message.id, at: tools.clock.now(), body })
    : {};
  // Signing takes a moment, in which a reset may have come.
  if (listener.ending.isOver) return {};
  const { seq } = tools.journal.add({ kind: "delivered", ...placeOf(listener, message) });
  const sent = spoilBody(body);
  // A stream is sent as it comes; `fetch` wants to be told.
  const duplex = typeof sent === "object" && "getReader" in sent ? { duplex: "half" } : {};
  return outgoing(
    listener.notifyUrl,
    { method, headers: { ...headers, ...signed }, body: sent, ...duplex },
    { operation, seq, timeoutMs, ending: listener.ending },
  );
}

function bodyOf(message: MessageState, form: string, naming: string): string {
  const { id, name, data } = message;
  if (form === "raw") return data;
  return JSON.stringify(form === "data" ? { data } : { message: { id, [naming]: name, data } });
}
