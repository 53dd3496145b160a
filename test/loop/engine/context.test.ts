import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, it, vi } from "vitest";
import { batch } from "../../../src/loop/batch.ts";
import { drain } from "../../../src/loop/consume.ts";
import { toEnter } from "../../../src/loop/engine/context.ts";
import { filledFeed } from "../support.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

it.each([1, 2])(
  "starts each handler in the context of the run, with %i at once",
  async (concurrency) => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const handler = async ({ id }: { id: string }) => {
      seen.push(storage.getStore());
      storage.enterWith(`of ${id}`);
      await Promise.resolve();
      storage.enterWith(`later, of ${id}`);
    };

    await storage.run("start", () => drain(filledFeed(4), handler, { concurrency }));

    expect(seen).toEqual(["start", "start", "start", "start"]);
  },
);

it("starts each batch so too", async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const handler = async () => {
    seen.push(storage.getStore());
    storage.enterWith("of a batch");
  };

  await storage.run("start", () => drain(filledFeed(4), batch({ size: 2 }, handler)));

  expect(seen).toEqual(["start", "start"]);
});

it.each([
  ["no process", undefined],
  ["a process without built-in modules", {}],
  ["no async contexts", { getBuiltinModule: () => undefined }],
])("only calls where there is %s", (_, process) => {
  vi.stubGlobal("process", process);
  const enter = toEnter();
  vi.unstubAllGlobals();

  expect(enter(() => "called")).toBe("called");
});
