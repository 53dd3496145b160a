/**
 * For tests of handlers, and of feeds and stores of one's own: a feed in memory, the laws that every
 * feed and every store must keep, and emulators as msw handlers.
 *
 * @module ackloop/testing
 */
export { type CursorSide, cursorSide } from "./cursor-side.ts";
export { emulatorHandlers, type MswHttp } from "./emulator-handlers.ts";
export { type EmulatorSide, emulatorSide } from "./emulator-side.ts";
export { type FakeRequest, type FakeRoute, type FakeServer, fakeServer } from "./fake-server.ts";
export {
  describeResults,
  type FeedFault,
  type FeedHarness,
  type FeedLaw,
  type FeedRunner,
  feedConformance,
  feedLaws,
  type LawResult,
  type LawVerdict,
  loopLaws,
  type MakeFeedHarness,
  type RequestCount,
  tryLaw,
} from "./feed-conformance.ts";
export type { Bench } from "./feed-laws/bench.ts";
export {
  type MemoryCall,
  type MemoryFault,
  type MemoryFeed,
  type MemoryFeedOptions,
  type MemoryPagesOptions,
  type MemoryTruth,
  memoryFeed,
  type TestEventFacts,
  testEvent,
} from "./memory-feed.ts";
export type {
  MemoryBasics,
  MemoryKind,
  MemoryList,
  MemoryLog,
  MemoryPages,
  MemoryQueue,
} from "./memory-options.ts";
export {
  type StoreHarness,
  type StoreKind,
  type StoreLaw,
  type StoreRunner,
  storeConformance,
  storeLaws,
} from "./store-conformance.ts";
export { type TestContextFacts, testContext } from "./test-context.ts";
