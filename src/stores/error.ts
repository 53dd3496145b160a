import type { AckloopErrorCode, AckloopErrorFacts } from "../core/errors.ts";
import { AckloopError, retryableCodes } from "../core/errors.ts";

/** Makes an error of the stores. Of one whose code says that it may pass, the call may be repeated. */
export function storeError(
  code: AckloopErrorCode,
  operation: string,
  message: string,
  facts: AckloopErrorFacts = {},
): AckloopError {
  const retryable = retryableCodes.includes(code);
  return new AckloopError(code, message, { provider: "stores", operation, retryable, ...facts });
}
