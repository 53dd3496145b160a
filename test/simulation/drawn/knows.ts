/** What the engine knows: newer options are given, and newer promises checked, only where it does. */
export const knows = {
  callTimeoutMs: false,
  circuitBreaker: false,
  maxInFlightBytes: false,
  /** Whether a handler may return anything. */
  anyReturn: false,
};
