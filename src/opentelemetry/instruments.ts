import type {
  Attributes,
  Counter,
  Histogram,
  MeterProvider,
  ObservableResult,
  UpDownCounter,
} from "@opentelemetry/api";
import { metrics as names, SCHEMA_URL } from "./names.ts";

/** The buckets that the conventions advise, in s. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** From a second to a week, in s: an event may have waited long. */
const LAGS = [1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400, 604_800];

/** A run whose open deliveries are observed. */
export interface Observed {
  readonly attributes: Attributes;
  countOpen(): number;
}

/** The instruments of one meter. */
export class Instruments {
  readonly received: Counter;
  readonly operation: Histogram;
  readonly process: Histogram;
  readonly settled: Counter;
  readonly attempts: Counter;
  readonly failures: Counter;
  readonly lag: Histogram;
  readonly handling: UpDownCounter;
  /** The runs that are going on, and the webhooks that hold something. */
  readonly runs = new Set<Observed>();
  /** The attributes that were observed once. */
  readonly #known = new Map<string, Attributes>();

  constructor(provider: MeterProvider) {
    const meter = provider.getMeter("ackloop", undefined, { schemaUrl: SCHEMA_URL });
    this.received = meter.createCounter(names.received, {
      unit: "{message}",
      description: "Events that were new to their run.",
    });
    this.operation = meter.createHistogram(names.operation, {
      unit: "s",
      description: "How long polls and acknowledgements take that are answered.",
      advice: { explicitBucketBoundaries: SECONDS },
    });
    this.process = meter.createHistogram(names.process, {
      unit: "s",
      description: "How long handlers take.",
      advice: { explicitBucketBoundaries: SECONDS },
    });
    this.settled = meter.createCounter("ackloop.events.settled", {
      unit: "{event}",
      description:
        "Events that are settled: handled, dead-lettered, dropped, or known from before.",
    });
    this.attempts = meter.createCounter("ackloop.attempts", {
      unit: "{attempt}",
      description: "Attempts that have ended, of one event each.",
    });
    this.failures = meter.createCounter("ackloop.failures", {
      unit: "{call}",
      description: "Polls, acknowledgements and calls of stores that have failed.",
    });
    this.lag = meter.createHistogram("ackloop.lag", {
      unit: "s",
      description: "From an event's own time, where the provider tells it, to its first attempt.",
      advice: { explicitBucketBoundaries: LAGS },
    });
    this.handling = meter.createUpDownCounter("ackloop.handlers.active", {
      unit: "{handler}",
      description: "Handlers that are at work.",
    });
    meter
      .createObservableUpDownCounter("ackloop.events.open", {
        unit: "{event}",
        description: "Deliveries that are not settled.",
      })
      .addCallback((result) => this.#observe(result));
  }

  /** Has it observed that nothing is open, too. */
  know(attributes: Attributes): void {
    this.#known.set(JSON.stringify(attributes), attributes);
  }

  /** Several runs may have the same attributes: their sum is observed, which is 0 once all have ended. */
  #observe(result: ObservableResult): void {
    for (const { attributes } of this.runs) this.know(attributes);
    for (const [key, attributes] of this.#known) {
      let open = 0;
      for (const run of this.runs)
        if (JSON.stringify(run.attributes) === key) open += run.countOpen();
      result.observe(open, attributes);
    }
  }
}
