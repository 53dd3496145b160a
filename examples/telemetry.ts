/**
 * Traces of a run, by the SDK of OpenTelemetry; here they are printed.
 *
 * Runs as it is: the feed is in memory. In a program of yours `exporter` is one that sends spans somewhere, and
 * metrics come by giving `meterProvider` too.
 */

import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { drain } from "ackloop";
import { openTelemetry } from "ackloop/opentelemetry";
import { memoryFeed, testEvent } from "ackloop/testing";

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const feed = memoryFeed({ name: "orders" });
feed.publish(testEvent("order-1"), testEvent("order-2"));
await drain(
  feed,
  async ({ id }) => {
    const span = tracerProvider.getTracer("shop").startSpan(`book ${id}`); // inside the event's own span
    span.end();
  },
  { telemetry: openTelemetry({ tracerProvider }) },
);

const spans = exporter.getFinishedSpans();
const nameOf = (id: string | undefined) =>
  spans.find((span) => span.spanContext().spanId === id)?.name ?? "nothing";
for (const { name, parentSpanContext } of spans) {
  console.log(`${name}, inside of ${nameOf(parentSpanContext?.spanId)}`);
}
context.disable();
