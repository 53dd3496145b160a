import { createInterface } from "node:readline/promises";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { answerOf } from "../../src/cli/confirm.ts";

/** A terminal at which a question is asked. */
function asked() {
  const input = new PassThrough();
  const terminal = createInterface({ input, output: new PassThrough(), terminal: true });
  const stopping = new AbortController();
  const answer = answerOf(terminal, "Go on? ", stopping.signal);
  return { input, answer, stop: () => stopping.abort() };
}

describe("a question", () => {
  it("is answered by what is typed", async () => {
    const { input, answer } = asked();

    input.write("yes\r");

    expect(await answer).toBe("yes");
  });

  it.each([
    ["Ctrl+C", "\u0003"],
    ["Ctrl+D", "\u0004"],
  ])("is answered by nothing with %s", async (_, key) => {
    const { input, answer } = asked();

    input.write(key);

    expect(await answer).toBe("");
  });

  it("is answered by nothing where the process is asked to end", async () => {
    const { answer, stop } = asked();

    stop();

    expect(await answer).toBe("");
  });
});
