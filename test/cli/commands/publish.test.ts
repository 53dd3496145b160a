import { PassThrough } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { given } from "../emulated.ts";
import { start } from "../support.ts";

/** Puts a stream in the place of the standard input until the test is over. */
function standardInput(): PassThrough {
  const input = new PassThrough();
  const spy = vi.spyOn(process, "stdin", "get").mockReturnValue(input as never);
  onTestFinished(() => spy.mockRestore());
  return input;
}

describe("publish", () => {
  it("says how many were published before a line that is none", async () => {
    const { words, environment } = await given("workato", 1);
    standardInput().end('{"order":1}\nno json\n{"order":2}\n');

    const { code, written } = start(["publish", ...words], { environment });

    expect(await code).toBe(1);
    expect(written.err).toMatch(/1 event published\nackloop: event 2 is no JSON/);
  });

  it("ends with 1 where it is stopped before the input has ended", async () => {
    const { words, environment } = await given("workato", 1);
    standardInput().write('{"order":1}\n');

    const { code, written, stop } = start(["publish", ...words], { environment });
    await vi.waitFor(() => expect(written.out).not.toBe(""));
    stop();

    expect(await code).toBe(1);
    expect(written.err).toBe("1 event published\nackloop: stopped before it was done\n");
  });

  it("ends with 1 where the input cannot be read to its end", async () => {
    const { words, environment } = await given("workato", 1);
    const input = standardInput();
    input.write('{"order":1}\n');

    const { code, written } = start(["publish", ...words], { environment });
    await vi.waitFor(() => expect(written.out).not.toBe(""));
    input.destroy(Object.assign(new Error("broken"), { code: "EIO" }));

    expect(await code).toBe(1);
    expect(written.err).toContain("the standard input cannot be read (EIO)");
  });
});
