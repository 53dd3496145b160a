/**
 * The demo's provider side, a process of its own: all four emulators on one port of 127.0.0.1.
 *
 * It prints one line of JSON with the base URLs, the test credentials and what is set otherwise than
 * documented, and serves until it is told to stop.
 */
import {
  discueEmulator,
  kekkerEmulator,
  serveEmulators,
  tikiEmulator,
  workatoEmulator,
} from "ackloop/emulator";

const emulators = [
  tikiEmulator(),
  kekkerEmulator({ assumptions: { listForm: "array" } }),
  workatoEmulator({ requestsPerMinute: 6000 }),
  discueEmulator({ webhook: { retryDelaysMs: [200, 500, 1000], timeoutMs: 5000 } }),
];
const server = await serveEmulators(emulators);
const connections = Object.fromEntries(
  emulators.map(({ name }) => [name, server.connection(name)]),
);
const otherwise = [
  "kekker: lists as bare arrays, which say nothing of how many there are",
  "workato: 6000 requests a minute in place of 60",
  "discue: resends after 0.2 to 1 s (assumed anyway)",
];
console.log(JSON.stringify({ origin: server.origin, connections, otherwise }));

await new Promise((resolve) => process.once("SIGTERM", resolve));
await server.close();
await Promise.all(emulators.map((emulator) => emulator.close()));
