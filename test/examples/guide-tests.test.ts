import { readFile } from "node:fs/promises";
import { transform } from "esbuild";
import { http } from "msw";
import * as mswNode from "msw/node";
import { describe, expect, it, vi } from "vitest";
import * as emulators from "../../src/emulator/index.ts";
import * as ackloop from "../../src/index.ts";
import * as discue from "../../src/providers/discue/index.ts";
import * as tiki from "../../src/providers/tiki/index.ts";
import { memoryStores } from "../../src/stores/index.ts";
import * as testing from "../../src/testing/index.ts";

type Test = () => Promise<void>;

/** What the guide has told of in words, and its code does not declare. */
function told() {
  const onOrder = vi.fn((event: ackloop.FeedEvent) => {
    if (event.id === "e1" && "order_code" in Object(event.data))
      return ackloop.retry({ afterMs: 5_000 });
    throw new Error("no such product");
  });
  const { deadLetters } = memoryStores();
  const handlers = { other: vi.fn() };
  return { onOrder, deadLetters, handlers, onMessage: vi.fn(), secret: "a-secret-of-the-test" };
}

/** Runs a block of the guide; gives the tests that it declares. */
async function testsIn(block: string): Promise<readonly Test[]> {
  const tests: Test[] = [];
  const modules: Readonly<Record<string, unknown>> = {
    ackloop,
    "ackloop/discue": discue,
    "ackloop/emulator": emulators,
    "ackloop/testing": testing,
    "ackloop/tiki": tiki,
    msw: { http },
    "msw/node": { ...mswNode, setupServer: () => ({ listen: () => undefined }) },
    vitest: { expect, vi, it: (_name: string, test: Test) => tests.push(test) },
  };
  const { code } = await transform(block, { loader: "ts", format: "cjs" });
  const names = told();
  const run = new Function("require", "module", "exports", ...Object.keys(names), code);
  run((name: string) => modules[name], { exports: {} }, {}, ...Object.values(names));
  return tests;
}

describe("the tests in docs/testing.md", async () => {
  const text = await readFile(new URL("../../docs/testing.md", import.meta.url), "utf8");
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = ""]) => block);

  it("are found", () => {
    expect(blocks).toHaveLength(5);
  });

  it.each(blocks)("hold: %#", async (block) => {
    const tests = await testsIn(block);

    for (const test of tests) await test();
    expect(tests).toHaveLength(block.split("\nit(").length - 1);
  });
});
