/**
 * Traces and metrics of runs for OpenTelemetry: the option `telemetry` of every verb.
 *
 * Needs `@opentelemetry/api` (1.9 or later), an optional peer; without an SDK it costs next to nothing.
 *
 * @module ackloop/opentelemetry
 */
export type { Telemetry } from "../core/telemetry.ts";
export type { OpenTelemetryOptions } from "./telemetry.ts";
export { openTelemetry } from "./telemetry.ts";
