import { describe, expect, it } from "vitest";
import { createHttpClient } from "../../src/http/client.ts";
import { checkSettings } from "../../src/http/options.ts";
import type { HttpSettings } from "../../src/http/types.ts";

const good: HttpSettings = { provider: "acme", baseUrl: "https://api.example.com/v1//" };

function messageOf(settings: object): string {
  try {
    createHttpClient({ ...good, ...settings });
  } catch (error) {
    expect(error).toMatchObject({ code: "config", retryable: false });
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
      transport: "auto",
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
    [{ baseUrl: "api.example.com" }, "`baseUrl` must be an absolute URL"],
    [
      { baseUrl: new URL("https://api.example.com?key=hush") },
      "`baseUrl` must be an absolute URL, such as https://api.example.com/v1; give the text of a",
    ],
    [{ baseUrl: undefined }, "`baseUrl` is required: an absolute URL"],
    [{ baseUrl: "ftp://api.example.com" }, "`baseUrl` must be an absolute URL"],
    [{ baseUrl: "http://api.example.com" }, "`baseUrl` must begin with https:"],
    [{ baseUrl: "http://127.0.0.1.example.com" }, "`baseUrl` must begin with https:"],
    [{ baseUrl: "http://localhost.example.com" }, "`baseUrl` must begin with https:"],
    [{ baseUrl: "https://me:hush@api.example.com" }, "`baseUrl` must be an absolute URL"],
    [{ baseUrl: "https://api.example.com?key=hush" }, "`baseUrl` must be an absolute URL"],
    [{ baseUrl: "https://api.example.com/v1?" }, "`baseUrl` must be an absolute URL"],
    [{ baseUrl: "https://api.example.com/v1#" }, "`baseUrl` must be an absolute URL"],
    [{ headers: new Headers({ "x-a": "1" }) }, "`headers` must be an object"],
    [{ headers: new Map([["x-a", "1"]]) }, "`headers` must be an object"],
    [{ headers: [["x-a", "1"]] }, "`headers` must be an object"],
    [{ headers: "x-a: 1" }, "`headers` must be an object"],
    [{ headers: { "Content-Length": "1" } }, "`headers` must be an object"],
    [{ headers: { upgrade: "h2c" } }, "`headers` must be an object"],
    [{ headers: { expect: "100-continue" } }, "`headers` must be an object"],
    [{ retry: null }, "`retry` must be an object"],
    [{ retry: 3 }, "`retry` must be an object"],
    [
      { timeoutMs: 2_000, retry: { totalMs: 1_999 } },
      "`retry.totalMs` must not be less than `timeoutMs`",
    ],
    [{ timeoutMs: 0 }, "`timeoutMs` must be a number from 1 to 2147483647"],
    [{ timeoutMs: Number.NaN }, "`timeoutMs` must be a number"],
    [{ timeoutMs: "5" }, "`timeoutMs` must be a number"],
    [{ timeoutMs: 2 ** 31 }, "`timeoutMs` must be a number"],
    [{ maxBodyBytes: 0 }, "`maxBodyBytes` must be a whole number from 1"],
    [{ allowInsecure: "yes" }, "`allowInsecure` must be true or false"],
    [{ fetch: "fetch" }, "`fetch` must be a function"],
    [{ logger: { warn: () => undefined } }, "`logger` must be an object with the functions debug"],
    [{ logger: null }, "`logger` must be an object with the functions debug"],
    [{ retry: { attempts: 0 } }, "`retry.attempts` must be a whole number from 1 to 10"],
    [{ retry: { attempts: 11 } }, "`retry.attempts` must be a whole number from 1 to 10"],
    [{ retry: { attempts: 1.5 } }, "`retry.attempts` must be a whole number"],
    [{ retry: { minDelayMs: -1 } }, "`retry.minDelayMs` must be a number from 0"],
    [
      { retry: { minDelayMs: 10, maxDelayMs: 5 } },
      "`retry.minDelayMs` must not exceed `retry.maxDelayMs`",
    ],
    [{ retry: { maxRetryAfterMs: -1 } }, "`retry.maxRetryAfterMs` must be"],
    [{ retry: { totalMs: 0 } }, "`retry.totalMs` must be a number from 1"],
    [
      { retry: { retries: 5 } },
      "`retry.retries` is unknown; known are retry.attempts, retry.minDelayMs, ",
    ],
    [{ headers: { "x-hush": "a\r\nb: c" } }, "`headers` must be an object"],
    [{ headers: { "x-hush": "日本" } }, "`headers` must be an object"],
    [{ headers: { "x-hush": 5 } }, "`headers` must be an object"],
    [{ headers: { "x hush": "a" } }, "`headers` must be an object"],
    [
      { credential: { token: "a\nhush", header: "authorization", prefix: "" } },
      "`credential.token` must be text",
    ],
    [
      { credential: { token: "", header: "authorization", prefix: "" } },
      "`credential.token` must be text",
    ],
    [
      { credential: { token: 5, header: "authorization", prefix: "" } },
      "`credential.token` must be text",
    ],
    [
      { credential: { token: "t", header: "a b", prefix: "" } },
      "`credential.header` must be an object",
    ],
  ])("refuses %j", (settings, message) => {
    const said = messageOf(settings);

    expect(said).toContain(`acme: option ${message}`);
    expect(said.replaceAll("x-hush", "")).not.toContain("hush");
  });
});

it.each([
  [{ baseUrl: "ftp://api.example.com" }, "it must begin with https:"],
  [{ baseUrl: "https://me:hush@api.example.com" }, "it must hold no user name and no password"],
  [{ baseUrl: "https://api.example.com/v1#" }, "it must have no query and no fragment"],
  [{ headers: { upgrade: "h2c" } }, "the header upgrade is set by the runtime itself"],
  [{ headers: { "x-hush": 5 } }, "the header x-hush must be text of printable characters"],
  [{ headers: { "x hush": "a" } }, "its names are made of letters, digits and hyphens"],
  [{ timeOutMs: 5 }, "did you mean `timeoutMs`?"],
  [{ retry: { atempts: 5 } }, "did you mean `retry.attempts`?"],
])("says more of %j", (settings, message) => {
  expect(messageOf(settings)).toContain(message);
});
