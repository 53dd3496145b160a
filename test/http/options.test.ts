import { describe, expect, it } from "vitest";
import { createHttpClient } from "../../src/http/client.ts";
import { checkSettings } from "../../src/http/options.ts";
import type { HttpSettings } from "../../src/http/types.ts";

const good: HttpSettings = { provider: "acme", baseUrl: "https://api.example.com/v1//" };

function messageOf(settings: object): string {
  try {
    createHttpClient({ ...good, ...settings });
  } catch (error) {
    expect(error).toMatchObject({ code: "config", provider: "acme", retryable: false });
    return (error as Error).message;
  }
  return "";
}

describe("checkSettings", () => {
  it("fills in the defaults, and takes the slashes off the base URL", () => {
    expect(checkSettings(good)).toEqual({
      provider: "acme",
      baseUrl: "https://api.example.com/v1",
      allowInsecure: false,
      timeoutMs: 30_000,
      maxBodyBytes: 33_554_432,
      headers: {},
      retry: {
        attempts: 3,
        minDelayMs: 250,
        maxDelayMs: 5_000,
        maxRetryAfterMs: 30_000,
        totalMs: 60_000,
      },
    });
  });

  it("keeps the default of a retry option that is given as undefined", () => {
    expect(checkSettings({ ...good, retry: { attempts: undefined } }).retry.attempts).toBe(3);
  });

  it("gives all attempts together no less time than one was given", () => {
    expect(checkSettings({ ...good, timeoutMs: 90_000 }).retry.totalMs).toBe(90_000);
    expect(checkSettings({ ...good, retry: { totalMs: 2_000 } }).retry.totalMs).toBe(2_000);
  });

  it("raises the longest wait to a longer first wait", () => {
    const { retry } = checkSettings({ ...good, retry: { minDelayMs: 9_000 } });

    expect(retry).toMatchObject({ minDelayMs: 9_000, maxDelayMs: 9_000 });
  });

  it.each([
    ["http://localhost:8080"],
    ["http://api.localhost"],
    ["http://127.1.2.3"],
    ["http://[::1]:8080"],
  ])("lets http: be used for %s", (baseUrl) => {
    expect(messageOf({ baseUrl })).toBe("");
  });

  it("lets http: be used for any host when allowInsecure is set", () => {
    expect(messageOf({ baseUrl: "http://10.0.0.7", allowInsecure: true })).toBe("");
  });

  it.each([
    [{ baseUrl: "api.example.com" }, "baseUrl must be an absolute URL"],
    [{ baseUrl: undefined }, "baseUrl must be an absolute URL"],
    [{ baseUrl: "ftp://api.example.com" }, "baseUrl must begin with https:"],
    [{ baseUrl: "http://api.example.com" }, "baseUrl must begin with https:"],
    [{ baseUrl: "http://127.0.0.1.example.com" }, "baseUrl must begin with https:"],
    [{ baseUrl: "http://localhost.example.com" }, "baseUrl must begin with https:"],
    [{ baseUrl: "https://me:hush@api.example.com" }, "baseUrl must hold no user name"],
    [{ baseUrl: "https://api.example.com?key=hush" }, "baseUrl must have no query"],
    [{ baseUrl: "https://api.example.com/v1?" }, "baseUrl must have no query"],
    [{ baseUrl: "https://api.example.com/v1#" }, "baseUrl must have no query"],
    [{ headers: new Headers({ "x-a": "1" }) }, "headers must be an object"],
    [{ headers: new Map([["x-a", "1"]]) }, "headers must be an object"],
    [{ headers: [["x-a", "1"]] }, "headers must be an object"],
    [{ headers: "x-a: 1" }, "headers must be an object"],
    [{ headers: { "Content-Length": "1" } }, "the header content-length is set by the runtime"],
    [{ headers: { upgrade: "h2c" } }, "the header upgrade is set by the runtime"],
    [{ headers: { expect: "100-continue" } }, "the header expect is set by the runtime"],
    [{ retry: null }, "retry must be an object"],
    [{ retry: 3 }, "retry must be an object"],
    [
      { timeoutMs: 2_000, retry: { totalMs: 1_999 } },
      "retry.totalMs must not be less than timeoutMs",
    ],
    [{ timeoutMs: 0 }, "timeoutMs must be a number from 1 to 2147483647"],
    [{ timeoutMs: Number.NaN }, "timeoutMs must be a number"],
    [{ timeoutMs: "5" }, "timeoutMs must be a number"],
    [{ timeoutMs: 2 ** 31 }, "timeoutMs must be a number"],
    [{ maxBodyBytes: 0 }, "maxBodyBytes must be a number from 1"],
    [{ allowInsecure: "yes" }, "allowInsecure must be true or false"],
    [{ fetch: "fetch" }, "fetch must be a function"],
    [{ logger: { warn: () => undefined } }, "logger must have the methods"],
    [{ logger: null }, "logger must have the methods"],
    [{ retry: { attempts: 0 } }, "retry.attempts must be a number from 1 to 10"],
    [{ retry: { attempts: 11 } }, "retry.attempts must be a number from 1 to 10"],
    [{ retry: { attempts: 1.5 } }, "retry.attempts must be a whole number"],
    [{ retry: { minDelayMs: -1 } }, "retry.minDelayMs must be a number from 0"],
    [{ retry: { minDelayMs: 10, maxDelayMs: 5 } }, "retry.maxDelayMs must be a number from 10"],
    [{ retry: { maxRetryAfterMs: -1 } }, "retry.maxRetryAfterMs must be"],
    [{ retry: { totalMs: 0 } }, "retry.totalMs must be a number from 1"],
    [{ retry: { retries: 5 } }, "retry has no option retries; it has attempts, minDelayMs, "],
    [
      { headers: { "x-hush": "a\r\nb: c" } },
      "the header x-hush must be text of printable characters",
    ],
    [{ headers: { "x-hush": "日本" } }, "the header x-hush must be text of printable characters"],
    [{ headers: { "x-hush": 5 } }, "the header x-hush must be text"],
    [{ headers: { "x hush": "a" } }, "headers must have names of letters"],
    [
      { credential: { token: "a\nhush", header: "authorization", prefix: "" } },
      "the token must be text",
    ],
    [{ credential: { token: "", header: "authorization", prefix: "" } }, "the token must be text"],
    [{ credential: { token: 5, header: "authorization", prefix: "" } }, "the token must be text"],
    [{ credential: { token: "t", header: "a b", prefix: "" } }, "headers must have names"],
  ])("refuses %j", (settings, message) => {
    const said = messageOf(settings);

    expect(said).toContain(`acme: ${message}`);
    expect(said.replaceAll("x-hush", "")).not.toContain("hush");
  });
});
