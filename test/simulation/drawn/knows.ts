/** What the engine knows: newer options are given, and newer promises checked, only where it does. */
export const knows = {
  callTimeoutMs: true,
  circuitBreaker: true,
  maxInFlightBytes: true,
  /** Whether a handler may return anything. */
  anyReturn: true,
};
