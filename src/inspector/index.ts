/**
 * A page that shows what runs and stores do, for people: health, throughput, what waits and what holds it, dead
 * letters to read, send again and discard, places, leases, inboxes.
 *
 * `inspector()` makes a fetch handler of it; `npx ackloop inspect` serves the same page for stores, on a machine of
 * one's own.
 *
 * @module ackloop/inspector
 */
export type { InspectorHandler } from "./handler.ts";
export { inspector } from "./handler.ts";
export type { InspectorOptions, InspectorWish } from "./options.ts";
export type { Redact } from "./redact.ts";
export type { Redrive, RedriveWish } from "./redrive.ts";
