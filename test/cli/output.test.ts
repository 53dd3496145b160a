import { describe, expect, it, vi } from "vitest";
import { createOutput, oneLine, toTable } from "../../src/cli/output.ts";

/** An output and what was written to it. */
function outputOf(isTerminal: boolean, isJson = false) {
  const written = { out: "", err: "" };
  const output = createOutput(
    {
      isTerminal,
      out: (text) => {
        written.out += text;
      },
      err: (text) => {
        written.err += text;
      },
    },
    isJson,
  );
  return { output, written };
}

describe("a table", () => {
  it("has columns two blanks apart, and none at the ends of lines", () => {
    const text = toTable(
      [{ title: "ID" }, { title: "WHY" }],
      [
        ["a", "x"],
        ["long one", "y"],
      ],
    );

    expect(text).toBe("ID        WHY\na         x\nlong one  y\n");
  });

  it("is cut in one column where it would be wider than 80", () => {
    const rows = [["a".repeat(20), "b".repeat(100)]];

    const text = toTable([{ title: "ID" }, { title: "WHY", cut: true }], rows);

    expect(text.split("\n")[1]).toBe(`${"a".repeat(20)}  ${"b".repeat(57)}…`);
  });

  it("holds nothing that moves the cursor of a terminal", () => {
    expect(oneLine("a\u001b[2Jb\r\nc")).toBe("a [2Jb c");
    expect(toTable([{ title: "ID" }], [["a\nb"]])).toBe("ID\na b\n");
  });
});

describe("the output", () => {
  it("is text, or with --json lines of JSON; notes go beside it both times", () => {
    const text = outputOf(false);
    const json = outputOf(false, true);
    for (const { output } of [text, json]) {
      output.line("a line");
      output.table([{ title: "ID" }], []);
      output.json({ a: 1 });
      output.note("a note");
    }

    expect(text.written).toEqual({ out: "a line\nID\n", err: "a note\n" });
    expect(json.written).toEqual({ out: '{"a":1}\n', err: "a note\n" });
  });

  it("shows progress in one line of a terminal, which goes away", () => {
    const { output, written } = outputOf(true);
    const progress = output.progress("events", 10);
    progress.at(3);
    progress.at(4);
    progress.end();

    expect(written.err).toBe("\r\u001b[Kevents: 3 of 10\r\u001b[K");
  });

  it("writes progress as plain lines, seldom, where there is no terminal", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { output, written } = outputOf(false);
    const progress = output.progress("events");
    progress.at(1);
    vi.advanceTimersByTime(10_000);
    progress.at(2);
    progress.at(3);
    progress.end();
    vi.useRealTimers();

    expect(written.err).toBe("events: 2\n");
  });
});
