import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import { metrics, trace } from "@opentelemetry/api";
import type { TableOf } from "../core/options.ts";
import { checkOptions, name, withMethods } from "../core/options.ts";
import type { Telemetry } from "../core/telemetry.ts";
import { Instruments } from "./instruments.ts";
import { SCHEMA_URL } from "./names.ts";
import { RunTelemetry } from "./run.ts";

/** The options of `openTelemetry`. */
export interface OpenTelemetryOptions {
  /** Makes the spans. @default the global one, of whichever SDK is started */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Makes the metrics. @default the global one, as it is when the first run is made */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * What `messaging.system` says, of 1-500 characters. @default the feed's name up to its first `/`, such as `tiki`
   */
  readonly system?: string | undefined;
}

const table = {
  tracerProvider: withMethods<TracerProvider>("getTracer"),
  meterProvider: withMethods<MeterProvider>("getMeter"),
  system: name,
} satisfies TableOf<OpenTelemetryOptions>;

/**
 * Makes spans and metrics of every run that it is given to: `consume(feed, handlers, { telemetry })`.
 *
 * A span `poll <feed>` for each poll that brought something, and a span `process <feed>` for each call of a
 * handler, linked to the polls that brought its events. What the handler starts is inside it, over every
 * `await`. In `consume` and `deliveries` each span begins a trace of its own; in `drain` and `redrive` they are
 * inside the span that was active when the verb was called, in `webhook` inside that of the request. A batch is
 * one span. The code of a loop over `deliveries` is not inside the span, which ends when it settles its event.
 *
 * Names are those of the semantic conventions for messaging, version 1.45.0. No attribute holds an event's data,
 * nor the text of an error: `error.type` is the code of an `AckloopError`, or the name of whatever was thrown.
 * Give one object to all runs of a process. Start the SDK before the first run.
 *
 * @throws {AckloopError} `config` for a wrong option.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  const { tracerProvider, meterProvider, system } = checkOptions("openTelemetry", options, table);
  const tracers = tracerProvider ?? trace.getTracerProvider();
  const tracer = tracers.getTracer("ackloop", undefined, { schemaUrl: SCHEMA_URL });
  let instruments: Instruments | undefined;
  return {
    watch: (run) => {
      // There is no stand-in for a meter provider that is set later.
      instruments ??= new Instruments(meterProvider ?? metrics.getMeterProvider());
      return new RunTelemetry(run, { tracer, instruments, system });
    },
  };
}
