/**
 * The demo's provider side, a process of its own: all emulators on one port of 127.0.0.1.
 *
 * It prints one line of JSON with the base URLs, the test credentials and what is set otherwise than
 * documented, and serves until it is told to stop.
 */
import { serveEmulators } from "ackloop/emulator";
import { providerNames, providerOf } from "./provider.ts";

const providers = await Promise.all(providerNames.map(providerOf));
const emulators = providers.map(({ emulator }) => emulator());
const server = await serveEmulators(emulators);
const connections = Object.fromEntries(
  emulators.map(({ name }) => [name, server.connection(name)]),
);
const otherwise = providers.flatMap(({ otherwise: what }, at) =>
  what === undefined ? [] : `${providerNames[at]}: ${what}`,
);
console.log(JSON.stringify({ origin: server.origin, connections, otherwise }));

await new Promise((resolve) => process.once("SIGTERM", resolve));
await server.close();
await Promise.all(emulators.map((emulator) => emulator.close()));
