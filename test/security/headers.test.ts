import { describe, expect, it } from "vitest";
import { profiles } from "../providers/profiles.ts";

const evil = "a\r\nX-Evil: 1";
const injections = [evil, "a\nb", "a\rb", "a\u0000b", "a\u007fb", "a\u2028b", "a\u0100b"];
const options = profiles.flatMap(({ folder, headers }) =>
  headers.options.map(([name, use]) => [`${folder} ${name}`, use] as const),
);
const encoded = profiles.flatMap(({ headers }) => headers.encoded ?? []);

function recording() {
  const requests: Request[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    requests.push(new Request(input, init));
    return new Response("{}", { status: 404 });
  };
  return { requests, fetch };
}

describe.each(options)("the option %s", (_name, use) => {
  it.each(injections)("is refused when it would add a header: %j", async (text) => {
    const { requests, fetch } = recording();

    const error = await Promise.resolve()
      .then(() => use(text, { fetch }))
      .catch((reason) => reason);

    expect(error).toMatchObject({ name: "AckloopError", code: "config" });
    expect(requests).toEqual([]);
  });
});

describe("credentials that a header cannot hold", () => {
  it.each(encoded)("are encoded", async (callsOf) => {
    const { requests, fetch } = recording();
    const calls = callsOf(evil, { fetch });

    await Promise.allSettled(calls.map((call) => call()));

    expect(requests).toHaveLength(calls.length);
    for (const { headers } of requests) {
      expect(headers.get("authorization")).toMatch(/^Basic [A-Za-z0-9+/=]+$/);
      expect(headers.has("x-evil")).toBe(false);
    }
  });

  it.each(profiles)("cannot be replaced by a header of the user's: $title", async (profile) => {
    const { requests, fetch } = recording();
    const [call, sent] = profile.headers.own;
    const mine = Object.keys(sent).map((name) => [name.toUpperCase(), "mine"]);

    await Promise.resolve(call({ headers: Object.fromEntries(mine), fetch })).catch(() => {});

    expect(requests.map(({ headers }) => Object.fromEntries(headers))).toMatchObject([sent]);
  });
});
