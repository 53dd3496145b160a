import { AckloopError, type AckloopErrorCode, type AckloopErrorFacts } from "../core/errors.ts";

const passing: readonly AckloopErrorCode[] = ["transport", "timeout", "rateLimit"];

/** Makes an error of the stores. Of one whose code says that it may pass, the call may be repeated. */
export function storeError(
  code: AckloopErrorCode,
  operation: string,
  message: string,
  facts: AckloopErrorFacts = {},
): AckloopError {
  const retryable = passing.includes(code);
  return new AckloopError(code, message, { provider: "stores", operation, retryable, ...facts });
}
