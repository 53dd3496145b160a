import { CloudEvent } from "cloudevents";
import { describe, expect, it } from "vitest";
import { call, deliveryOf, post, receiver } from "./support.ts";

describe("an event of discue", () => {
  it.each([
    ["with an id", () => call("m-1", { order: 7 })],
    ["with an id in need of escaping", () => call("a/b ?\u{1f600}", null)],
    ["with a derived id", () => post("not JSON")],
    ["of an empty body", () => post(null)],
  ])("is a valid CloudEvent: %s", async (_, request) => {
    const { event } = deliveryOf(await receiver().receive(request()));

    expect(new CloudEvent({ ...event }, true).validate()).toBe(true);
    expect(JSON.parse(JSON.stringify(event))).toStrictEqual(event);
  });

  it("keeps a property called __proto__ as data, and changes no prototype", async () => {
    const body = '{"message":{"id":"m-1","data":"{\\"__proto__\\":{\\"polluted\\":1}}"}}';

    const { event } = deliveryOf(await receiver().receive(post(body)));

    expect(Object.keys(event.data as object)).toStrictEqual(["__proto__"]);
    expect("polluted" in {}).toBe(false);
  });

  it("keeps JSON that nests too deeply to be written again as its text", async () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

    const usual = deliveryOf(await receiver().receive(post(nested(500))));
    const deep = deliveryOf(await receiver().receive(post(nested(100_000))));

    expect(JSON.stringify(usual.event.data)).toBe(nested(500));
    expect(deep.event.data).toBe(nested(100_000));
  });
});
