import { describe, expect, it } from "vitest";
import { refusal } from "../../src/page/refusal.ts";

const here = "http://127.0.0.1:4010/";
const hosts = ["127.0.0.1:4010", "localhost:4010"];
const from = (headers: Record<string, string>, method = "GET") =>
  refusal(new Request(here, { method, headers }), { hosts })?.status;

describe("refusal", () => {
  it.each([
    ["opened by hand", { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }],
    ["opened by a link", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }],
    ["asked by the page", { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" }],
    ["asked by an older browser", { origin: "http://127.0.0.1:4010" }],
    ["asked by curl", {}],
    ["asked by its other name", { host: "LOCALHOST:4010" }],
  ])("lets through what is %s", (_, headers) => {
    expect(from(headers)).toBeUndefined();
  });

  it.each([
    ["a name of another's", 421, { host: "evil.example" }],
    ["a name with another port", 421, { host: "127.0.0.1:80" }],
    ["another site's script", 403, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" }],
    ["another port's script", 403, { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" }],
    ["another site's image", 403, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }],
    ["another origin", 403, { origin: "https://evil.example" }],
    ["a sandbox", 403, { origin: "null" }],
  ])("refuses %s with %i", (_, status, headers) => {
    expect(from(headers)).toBe(status);
  });

  it("lets through a change that the page has sent", () => {
    const headers = { "sec-fetch-site": "same-origin", "x-ackloop-page": "1" };

    expect(from(headers, "POST")).toBeUndefined();
  });

  it.each([
    ["without its header", { "sec-fetch-site": "same-origin" }],
    ["by a form of another site", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }],
    ["by hand", { "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "x-ackloop-page": "1" }],
    ["by another origin", { origin: "https://evil.example", "x-ackloop-page": "1" }],
    ["by another site", { "sec-fetch-site": "cross-site", "x-ackloop-page": "1" }],
  ])("refuses a change %s", (_, headers) => {
    expect(from(headers, "POST")).toBe(403);
  });

  it("goes by any name where none is given", () => {
    const request = new Request(here, { headers: { host: "ops.example" } });

    expect(refusal(request)).toBeUndefined();
  });
});
