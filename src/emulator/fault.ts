/** When a fault is injected. All conditions given must hold. */
export interface FaultMatch<Operation extends string = string> {
  /**
   * The operations it hits, such as `"pull"`.
   * @default every request to the emulator; what it calls itself, such as a listener, only by name
   */
  readonly operation?: Operation | readonly Operation[] | undefined;
  /** How often it is injected in all. @default until it is cleared */
  readonly count?: number | undefined;
  /** How many matching calls are left alone first. @default 0 */
  readonly after?: number | undefined;
  /** How likely a matching call is hit, 0-1, by the seeded generator. @default 1 */
  readonly probability?: number | undefined;
}

/** What goes wrong; "before the effect" means that the request changes nothing. */
export type FaultEffect =
  /**
   * An answer with this status, before the effect; also an error's body with a status of success.
   * `retryAfter`: seconds, or a date.
   */
  | {
      readonly kind: "status";
      readonly status: number;
      /** Sent as JSON, or as it is when a string. @default the provider's own error body */
      readonly body?: unknown;
      readonly retryAfter?: number | string | Date | undefined;
    }
  /** The request waits for `ms` milliseconds before the effect; other faults still apply. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The connection is cut before the effect. */
  | { readonly kind: "cut" }
  /** The effect happens, then the connection is cut. */
  | { readonly kind: "lostReply" }
  /** The effect happens, then the connection is cut in the middle of the body. */
  | { readonly kind: "truncate" }
  /** The effect happens, half of the body is sent, and the rest never comes. */
  | { readonly kind: "stall" }
  /** The effect happens, and the answer is 200 with a body that is not JSON, though it says so. */
  | { readonly kind: "garbage" }
  /** An HTML page of some proxy, with this status or 502, before the effect. */
  | { readonly kind: "html"; readonly status?: number | undefined }
  /** The effect happens, and the body is padded to `bytes`, or to 64 MiB. */
  | { readonly kind: "oversize"; readonly bytes?: number | undefined }
  /** The answer says these headers instead of its own; other faults still apply. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string>> }
  /** Events are delivered again or twice; how, says the provider's emulator. */
  | { readonly kind: "duplicate" }
  /** The emulator's clock goes wrong by `ms` until this fault is cleared; no conditions apply. */
  | { readonly kind: "skew"; readonly ms: number };

/** The kinds of faults. */
export type FaultKind = FaultEffect["kind"];

/** A fault: what goes wrong, and when; `Operation` are the calls of the emulator. */
export type Fault<Operation extends string = string> = FaultEffect & FaultMatch<Operation>;

/** A fault that hits the call instead of its proper answer. */
export type SpoilingFault = Exclude<Fault, { kind: "delay" | "headers" | "duplicate" | "skew" }>;
