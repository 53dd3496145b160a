// Metrics for Prometheus from reports: give `onReport` to each run, and `await registry.metrics()` to /metrics.
import type { Report } from "ackloop";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

function metricsOf(registry: Registry) {
  const registers = [registry];
  const received = new Counter({
    name: "ackloop_events_received_total",
    help: "Events that were new to their run.",
    labelNames: ["feed"],
    registers,
  });
  const settled = new Counter({
    name: "ackloop_events_settled_total",
    help: "Events that are settled, by how.",
    labelNames: ["feed", "outcome"],
    registers,
  });
  const failed = new Counter({
    name: "ackloop_failures_total",
    help: "What failed and is done again: an attempt, a poll, an acknowledgement, a call of a store.",
    labelNames: ["feed", "what"],
    registers,
  });
  const seconds = new Histogram({
    name: "ackloop_handler_seconds",
    help: "How long handlers take that are done with their event.",
    labelNames: ["feed"],
    registers,
  });
  const outage = new Gauge({
    name: "ackloop_outage",
    help: "1 while the circuit breaker is open.",
    labelNames: ["feed"],
    registers,
  });
  return { received, settled, failed, seconds, outage };
}

export function prometheus(registry = new Registry()) {
  const { received, settled, failed, seconds, outage } = metricsOf(registry);
  const onReport = (report: Report): void => {
    const { feed, kind } = report;
    switch (kind) {
      case "pulled":
        received.inc({ feed }, report.fresh);
        break;
      case "handled":
        seconds.observe({ feed }, report.elapsedMs / 1000);
        settled.inc({ feed, outcome: kind });
        break;
      case "deadLettered":
      case "dropped":
        settled.inc({ feed, outcome: kind });
        break;
      case "retried":
      case "timedOut":
      case "pollFailed":
      case "ackFailed":
      case "storeFailed":
        failed.inc({ feed, what: kind });
        break;
      case "circuitOpened":
      case "circuitClosed":
        outage.set({ feed }, kind === "circuitOpened" ? 1 : 0);
        break;
      default:
    }
  };
  return { onReport, registry };
}
