// Liveness and readiness of all runs of a process: docs/health.md says what the two are for.
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { Group } from "ackloop";

export function probesOf(all: Group): Server {
  return createServer((request, response) => {
    const { healthy, live, runs } = all.health();
    const isGood = request.url === "/livez" ? live : healthy;
    const told = runs.map(({ feed, state, troubles, oldestOpenMs, lastError }) => ({
      feed,
      state,
      troubles,
      oldestOpenMs,
      lastError: lastError?.message,
    }));
    response.writeHead(isGood ? 200 : 503, { "content-type": "application/json" });
    response.end(JSON.stringify(told));
  });
}
