import { describe, expect, it, vi } from "vitest";
import { nodeModule } from "../../src/core/node-module.ts";
import { sleep } from "../../src/core/sleep.ts";
import { drain } from "../../src/index.ts";
import { memoryFeed, testEvent } from "../../src/testing/index.ts";

const refused = () => {
  throw new Error("A Node.js API is used which is not supported in the Edge Runtime.");
};

describe("a module of Node's", () => {
  it("is there on Node", () => {
    expect(nodeModule("node:path")?.sep).toBeTypeOf("string");
  });

  it.each([
    ["no process", undefined],
    ["a process that has no modules", {}],
    ["a process that refuses to give one", { getBuiltinModule: refused }],
  ])("is none where there is %s, and a run does without", async (_name, process) => {
    // What Vitest does at the next tick needs the process.
    await sleep(0);
    vi.stubGlobal("process", process);
    const feed = memoryFeed();
    feed.publish(testEvent("1"));

    const found = nodeModule("node:path");
    const { handled } = await drain(feed, () => {});

    vi.unstubAllGlobals();
    expect(found).toBeUndefined();
    expect(handled).toBe(1);
  });
});
