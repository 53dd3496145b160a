import { describe, expect, it, vi } from "vitest";
import { liveAnswer, type Send } from "../../src/page/live.ts";

/** A stream, what it sends by, and whether it has ended. */
function open(signal?: AbortSignal) {
  const request = new Request("http://127.0.0.1/live", signal ? { signal } : {});
  const cease = vi.fn();
  let send: Send = () => false;
  let end = (): void => {};
  const answer = liveAnswer(request, (...given) => {
    [send, end] = given;
    return cease;
  });
  return { answer, cease, send: (...event: Parameters<Send>) => send(...event), end: () => end() };
}

describe("liveAnswer", () => {
  it("sends events, one behind the other, each as one line of JSON", async () => {
    const { answer, send, end } = open();

    expect(send("state", { text: "a\nb" })).toBe(true);
    send("state", 2);
    end();

    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const text = 'event: state\ndata: {"text":"a\\nb"}\n\nevent: state\ndata: 2\n\n';
    expect(await answer.text()).toBe(text);
  });

  it("ends once when its reader goes away", async () => {
    const { answer, send, cease } = open();

    await answer.body?.cancel();

    expect(cease).toHaveBeenCalledOnce();
    expect(send("state", 1)).toBe(false);
  });

  it("ends once when the request is aborted", async () => {
    const controller = new AbortController();
    const { answer, cease, end } = open(controller.signal);

    controller.abort();
    end();

    expect(cease).toHaveBeenCalledOnce();
    expect(await answer.text()).toBe("");
  });

  it.each([{ signal: AbortSignal.abort() }, { method: "HEAD" }])(
    "begins nothing that nobody would read: %o",
    (init) => {
      const begin = vi.fn(() => () => {});

      const answer = liveAnswer(new Request("http://127.0.0.1/", init), begin);

      expect(answer.body).toBeNull();
      expect(begin).not.toHaveBeenCalled();
    },
  );

  it("leaves events out for a reader that is behind, and gathers none", async () => {
    const { answer, send } = open();

    const taken = Array.from({ length: 10 }, () => send("state", "x".repeat(300_000)));

    expect(taken.filter(Boolean)).toHaveLength(4);
    await answer.body?.cancel();
  });
});
