/**
 * One stateful fake for each provider's API: as an injected `fetch`, and as a real HTTP server.
 *
 * @module ackloop/emulator
 */
export type {
  AdminCommands,
  Connection,
  Emulator,
  EmulatorClock,
  EmulatorListener,
  EmulatorOptions,
  EmulatorPlace,
} from "./definition.ts";
export type {
  DiscueApiAssumptions,
  WebhookAssumptions as DiscueAssumptions,
} from "./discue/assumptions.ts";
export type { DiscueEmulatorListener, DiscueMethods, DiscuePublish } from "./discue/commands.ts";
export type { DiscueOperation } from "./discue/operation.ts";
export type { Deliver as DiscueDeliver } from "./discue/outgoing.ts";
export {
  type DiscueConnection,
  type DiscueEmulator,
  type DiscueEmulatorOptions,
  discueEmulator,
} from "./discue.ts";
export type { Fault, FaultEffect, FaultKind, FaultMatch } from "./fault.ts";
export type { FaultState, Faults } from "./faults.ts";
export type {
  EventRecord,
  Journal,
  JournalDetail,
  JournalEntry,
  JournalEventFacts,
  JournalFacts,
  JournalKind,
  JournalNote,
  JournalOptions,
  JournalPlace,
  JournalQuery,
  JournalReadFacts,
  JournalRequestFacts,
  JournalTotals,
} from "./journal.ts";
export type { KekkerAssumptions } from "./kekker/assumptions.ts";
export type { KekkerOperation } from "./kekker/operation.ts";
export type { KekkerQueueOperation } from "./kekker/operations.ts";
export type { KekkerEventInput } from "./kekker/publish.ts";
export {
  type KekkerConnection,
  type KekkerEmulator,
  type KekkerEmulatorOptions,
  kekkerEmulator,
} from "./kekker.ts";
export { type EmulatorServer, type ServeOptions, serveEmulators } from "./server.ts";
export type { TikiEmulatorApp, TikiSeller } from "./tiki/accounts.ts";
export type { TikiAssumptions } from "./tiki/assumptions.ts";
export type { TikiOperation } from "./tiki/operation.ts";
export type { TikiEmulatorOptions } from "./tiki/options.ts";
export type { TikiEmitted, TikiEventInput } from "./tiki/queues.ts";
export { type TikiConnection, type TikiEmulator, tikiEmulator } from "./tiki.ts";
export type { EmulatorExchange, EmulatorWatcher } from "./watch.ts";
export type { WorkatoApiClient, WorkatoPermission } from "./workato/access.ts";
export type { WorkatoAssumptions } from "./workato/assumptions.ts";
export type { WorkatoMethods } from "./workato/commands.ts";
export type { WorkatoOperation } from "./workato/operation.ts";
export type { WorkatoTopicInput } from "./workato/topics.ts";
export {
  type WorkatoConnection,
  type WorkatoEmulator,
  type WorkatoEmulatorOptions,
  workatoEmulator,
} from "./workato.ts";
