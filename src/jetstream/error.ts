import {
  AckloopError,
  type AckloopErrorCode,
  type AckloopErrorFacts,
  isAckloopError,
} from "../core/errors.ts";
import { causesOf } from "../core/network.ts";
import { isErrorNamed } from "../core/realm.ts";
import { onOneLine } from "../core/words.ts";

/** Makes an error of the queue. */
export function queueError(
  code: AckloopErrorCode,
  operation: string,
  message: string,
  facts: AckloopErrorFacts = {},
): AckloopError {
  return new AckloopError(code, message, { provider: "jetstream", operation, ...facts });
}

/** What the engine has no room for: the account, the memory, the disk, the stream. */
const NO_ROOM: readonly unknown[] = [10002, 10023, 10028, 10047, 10077];
const TOO_LARGE = 10054;
const OTHER_STREAM = 10060;
const NO_STREAM = 10059;
const NO_CONSUMER = 10014;

const RETRYABLE = Object.freeze({ retryable: true });

/**
 * Makes of what the client threw an error of ours; a bug is given back as it is.
 *
 * @param nobody What it means that nobody listens to the subject.
 */
export function toQueueError(thrown: unknown, operation: string, nobody: string): unknown {
  if (isAckloopError(thrown)) return thrown;
  const chain = causesOf(thrown);
  const isNamed = (...names: readonly string[]) =>
    chain.some((each) => isErrorNamed(each, ...names));
  if (isNamed("JetStreamApiError", "StreamNotFoundError", "ConsumerNotFoundError")) {
    return ofApi(chain, operation);
  }
  if (isNamed("NoResponders", "JetStreamNotEnabled")) {
    return queueError("notFound", operation, nobody, RETRYABLE);
  }
  if (isNamed("TimeoutError")) {
    const facts = { retryable: true, outcomeUnknown: true };
    return queueError("timeout", operation, "the server gave no answer in time", facts);
  }
  if (isNamed("ClosedConnectionError", "DrainingConnectionError")) return closedError(operation);
  if (isNamed("PermissionViolationError", "AuthorizationError", "UserAuthenticationExpiredError")) {
    return queueError("auth", operation, "the server refused it: this user has no permission");
  }
  if (isErrorNamed(thrown, "InvalidArgumentError") && /max_payload/.test(textOf(thrown))) {
    return queueError("config", operation, "larger than the server takes: its `max_payload`");
  }
  if (isNamed("RequestError", "ConnectionError", "ProtocolError", "JetStreamError")) {
    return queueError("transport", operation, "the connection failed", RETRYABLE);
  }
  return thrown;
}

/** A pull of a connection that is closed ends its run, so that whoever runs the process starts it anew. */
export function closedError(operation: string): AckloopError {
  const text =
    "the connection is closed, and does not come back; with `maxReconnectAttempts: -1` it never gives up";
  return queueError(operation === "pull" ? "config" : "transport", operation, text);
}

function ofApi(chain: readonly unknown[], operation: string): AckloopError {
  const found = chain.find((each) =>
    isErrorNamed(each, "JetStreamApiError", "StreamNotFoundError"),
  );
  const { code, status } = (found ?? chain[0]) as {
    readonly code: unknown;
    readonly status: unknown;
  };
  const told = textOf(found ?? chain[0]);
  if (code === NO_STREAM) {
    const text = "there is no such stream; `ensure()` makes it";
    return queueError("notFound", operation, text, RETRYABLE);
  }
  if (code === NO_CONSUMER) {
    return queueError("notFound", operation, "there is no such consumer any more", RETRYABLE);
  }
  if (NO_ROOM.includes(code)) {
    const text = `full (${told}); it takes more when workers finish`;
    return queueError("rateLimit", operation, text, { retryable: true, retryAfterMs: 1000 });
  }
  if (code === TOO_LARGE) {
    return queueError("config", operation, "larger than the stream takes: its `max_msg_size`");
  }
  if (code === OTHER_STREAM) {
    const text = "another stream takes the subject; `ensure()` says what is right";
    return queueError("conflict", operation, text);
  }
  if (status === 503) return queueError("transport", operation, told, RETRYABLE);
  // A relay waits for what a person must mend, and makes no dead letters of good events.
  return queueError(operation === "send" ? "conflict" : "config", operation, told);
}

function textOf(thrown: unknown): string {
  return onOneLine(String((thrown as Partial<Error>).message)).slice(0, 200);
}
