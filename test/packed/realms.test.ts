import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { runIn } from "./consumer.ts";

const folder = join(inject("consumerFolder"), "realms");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "package.json"), '{ "private": true }');
const packages = ["jest@30.2.0", "bluebird@3.7.2", "zone.js@0.15.1"];
runIn(folder, "npm", "install", "--silent", "--prefer-offline", "--no-audit", ...packages);

/**
 * A job over the emulator and one with a schema that answers later by a promise of Node's own, which is
 * no instance of a Promise that was replaced, nor of a test runner's.
 */
const scenario = `
async function scenario({ drain, memoryFeed, testEvent, memoryStores, tiki, tikiEmulator, readFile }) {
  const emulator = tikiEmulator();
  const { baseUrl } = emulator.connection("https://tiki.test");
  const queue = emulator.createQueue("orders");
  emulator.publish(queue, [{ type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "1" } }]);
  emulator.faults.add({ kind: "cut", operation: "pull", count: 1 });
  const { clientId, clientSecret, tokenUrl } = emulator.connection("https://tiki.test");
  const token = tiki.clientCredentials({ clientId, clientSecret, tokenUrl });
  const shop = tiki.tiki({ token, baseUrl, fetch: emulator.fetch });
  const codes = [];
  await drain(shop.feed(queue), (event) => void codes.push(event.data.order_code));

  const validate = (value) => readFile("package.json").then(() => ({ issues: [{ message: "no" }] }));
  const schema = { "~standard": { version: 1, vendor: "late", validate } };
  const feed = memoryFeed({ events: { odd: schema } });
  feed.publish(testEvent("1", { type: "odd" }));
  const handled = [];
  const { deadLetters } = memoryStores();
  const options = { deadLetters, consumer: "c" };
  const summary = await drain(feed, (event) => void handled.push(event), options);
  return JSON.stringify([codes, handled, summary.deadLettered, emulator.waiting(queue)]);
}`;
const expected = JSON.stringify([["1"], [], 1, 0]);

const names = [
  "drain",
  "memoryFeed",
  "testEvent",
  "memoryStores",
  "tiki",
  "tikiEmulator",
  "readFile",
];
const parts = `{ ${names.join(", ")} }`;
const required = `
const { consume, drain } = require("ackloop");
const { memoryFeed, testEvent } = require("ackloop/testing");
const { memoryStores } = require("ackloop/stores");
const tiki = require("ackloop/tiki");
const { tikiEmulator } = require("ackloop/emulator");
const { readFile } = require("node:fs").promises;`;
const imported = `
import { consume, drain } from "ackloop";
import { jest } from "@jest/globals";
import { memoryFeed, testEvent } from "ackloop/testing";
import { memoryStores } from "ackloop/stores";
import * as tiki from "ackloop/tiki";
import { tikiEmulator } from "ackloop/emulator";
import { promises } from "node:fs";
const { readFile } = promises;`;
const jestTest = `
test("keeps its word", async () => { expect(await scenario(${parts})).toBe('${expected}'); });`;

it.each([
  ["bluebird", 'globalThis.Promise = require("bluebird");'],
  ["zone.js", 'require("zone.js");'],
])("keeps its word where the Promise is that of %s", (name, setUp) => {
  const script = `${setUp}${required}${scenario}\nscenario(${parts}).then(console.log);\n`;
  writeFileSync(join(folder, `${name}.cjs`), script);

  expect(runIn(folder, process.execPath, `${name}.cjs`).trim()).toBe(expected);
});

/** A run over the emulator whose clock is Jest's: calls that are cut, attempts that fail, and polls. */
const clocked = `
test("goes by Jest's clock", async () => {
  jest.useFakeTimers({ doNotFake: [] });
  const emulator = tikiEmulator();
  const { baseUrl, clientId, clientSecret, tokenUrl } = emulator.connection("https://tiki.test");
  const token = tiki.clientCredentials({ clientId, clientSecret, tokenUrl });
  const shop = tiki.tiki({ token, baseUrl, fetch: emulator.fetch });
  const queue = emulator.createQueue("orders");
  const publish = () =>
    emulator.publish(queue, [{ type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "1" } }]);
  publish();
  emulator.faults.add({ kind: "cut", operation: "pull", count: 2 });
  const attempts = [];
  const handler = (_, { attempt }) => {
    attempts.push(attempt);
    if (attempt < 3) throw new Error("not yet");
  };
  const run = consume(shop.feed(queue), handler, { retry: { attempts: 3, minDelayMs: 1_000 } });
  await jest.advanceTimersByTimeAsync(600_000);
  publish();
  await jest.advanceTimersByTimeAsync(600_000);
  const stopped = run.stop();
  await jest.advanceTimersByTimeAsync(60_000);
  expect(await stopped).toMatchObject({ handled: 2, acked: 2 });
  expect(attempts).toEqual([1, 2, 3, 1, 2, 3]);

  const feed = memoryFeed({ acks: "cumulative" });
  feed.publish(testEvent("1"), testEvent("2"));
  const draining = drain(feed, () => {});
  await jest.advanceTimersByTimeAsync(60_000);
  expect(await draining).toMatchObject({ handled: 2, acked: 2 });
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});`;

it.each([
  ["CommonJS", "job.test.cjs", required, []],
  ["a module", "job.test.mjs", imported, ["--experimental-vm-modules"]],
])("keeps its word under Jest, and goes by its clock, as %s", (_, file, imports, flags) => {
  writeFileSync(join(folder, file), `${imports}${scenario}${jestTest}${clocked}`);
  const config = `{"testMatch":["**/${file}"],"transform":{},"moduleFileExtensions":["js","mjs","cjs"]}`;
  writeFileSync(join(folder, "jest.config.json"), config);

  runIn(
    folder,
    process.execPath,
    ...flags,
    "node_modules/jest/bin/jest.js",
    "--config",
    "jest.config.json",
  );
});
