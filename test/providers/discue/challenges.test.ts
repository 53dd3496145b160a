import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  DiscueDomainChallenge,
  DiscueReceiverOptions,
} from "../../../src/providers/discue/index.ts";
import { call, notifyUrl, receiver, statusOf } from "./support.ts";

const challenge = { contextPath: "/.well-known/x", fileName: "f", fileContent: "proof" };
const get = (path: string, options: DiscueReceiverOptions) =>
  receiver(options).receive(new Request(`https://example.com${path}`));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** A function of challenges, and how often it was asked. */
function asked(
  answer: () => readonly DiscueDomainChallenge[] | Promise<readonly DiscueDomainChallenge[]>,
) {
  return vi.fn(answer);
}
const failing = () =>
  asked(() => {
    throw new Error("away");
  });
const hanging = () => asked(() => new Promise<never>(() => {}));

describe("a function of challenges", () => {
  it.each([
    ["throws", failing],
    ["hangs", hanging],
  ])("that %s is not asked for other GETs, which are answered", async (_, make) => {
    const domainChallenges = make();
    const named = { domainChallenges, livenessPath: "/alive.txt" };

    expect(statusOf(await get("/alive", { domainChallenges }))).toBe(200);
    expect(statusOf(await get("/alive.txt", named))).toBe(200);
    expect(statusOf(await receiver(named).receive(new Request(notifyUrl)))).toBe(200);
    expect(statusOf(await get("/a.b", { ...named, challengePath: "/.well-known" }))).toBe(200);
    expect(domainChallenges).not.toHaveBeenCalled();
  });

  it("that hangs holds its own path up for five seconds at most, and is then left alone", async () => {
    const domainChallenges = hanging();
    const proving = receiver({ domainChallenges });
    const request = () => new Request("https://example.com/.well-known/x/f");

    const many = Array.from({ length: 100 }, () => proving.receive(request()));
    await vi.advanceTimersByTimeAsync(5_000);
    const statuses = (await Promise.all(many)).map(statusOf);
    const soon = statusOf(await proving.receive(request()));

    expect(new Set([...statuses, soon])).toEqual(new Set([503]));
    expect(domainChallenges).toHaveBeenCalledTimes(1);
    domainChallenges.mockResolvedValue([challenge]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(statusOf(await proving.receive(request()))).toBe(200);
  });

  it("is asked once a second, however many ask", async () => {
    const domainChallenges = asked(async () => [challenge]);
    const proving = receiver({ domainChallenges });
    for (let count = 0; count < 50; count += 1) {
      await proving.receive(new Request(`https://example.com/.well-known/${count}`));
      await vi.advanceTimersByTimeAsync(50);
    }

    expect(domainChallenges.mock.calls.length).toBeLessThanOrEqual(3);
  });

  it("may serve below the path that was named, with any slashes", async () => {
    const domainChallenges = async () => [{ ...challenge, contextPath: "plain" }];
    const answer = await get("//plain//f", { domainChallenges, challengePath: "/plain" });

    expect(answer.kind === "answered" && (await answer.response.text())).toBe("proof");
  });
});

it("serves a list on its paths alone", async () => {
  const proving = { domainChallenges: [challenge] };
  const answers = await Promise.all(
    ["/.well-known/x/f", "//.well-known/x/f", "/alive"].map((path) => get(path, proving)),
  );
  const texts = answers.map((each) => each.kind === "answered" && each.response.text());

  expect(await Promise.all(texts)).toEqual(["proof", "proof", ""]);
});

it("a challenge is answered while a feed of requests is full", async () => {
  const orders = receiver({ domainChallenges: [challenge] }).feed({ maxRequests: 1 });
  void orders.fetch(call("m-1"));
  await vi.advanceTimersByTimeAsync(0);

  expect((await orders.fetch(call("m-2"))).status).toBe(503);
  const proof = await orders.fetch(new Request("https://example.com/.well-known/x/f"));
  expect(await proof.text()).toBe("proof");
  orders.close();
});
