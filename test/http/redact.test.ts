import { describe, expect, it } from "vitest";
import { secretsOf, toPlainText } from "../../src/http/redact.ts";

describe("toPlainText", () => {
  it("makes one line of any text", () => {
    expect(toPlainText(" a\r\n\tb\u0000\u2028\u200bc ", [])).toBe("a b c");
  });

  it("takes out each secret, longest first, also in its encoded form", () => {
    const plain = toPlainText("ab abc a%2Fb a/b", ["ab", "abc", "a/b", ""]);

    expect(plain).toBe("[redacted] [redacted] [redacted] [redacted]");
  });

  it("takes out a secret that no URL can hold", () => {
    expect(toPlainText("x \ud800y z", ["\ud800y"])).toBe("x [redacted] z");
  });

  it("keeps at most 300 characters, and no half of one", () => {
    const plain = toPlainText("😀".repeat(200), []);

    expect(plain.length).toBeLessThanOrEqual(300);
    expect(plain).toBe(`${"😀".repeat(149)}…`);
  });

  it("takes secrets out before it cuts", () => {
    const plain = toPlainText(`${"x".repeat(295)}secret`, ["secret"]);

    expect(plain).not.toContain("se");
  });
});

describe("secretsOf", () => {
  it("finds the values whose names say that they are secret, with and without a scheme", () => {
    const secrets = secretsOf({
      Authorization: "Basic abc",
      "x-api-key": "k",
      client_secret: "s",
      code: "c",
      grant_type: "client_credentials",
    });

    expect(secrets).toEqual(["Basic abc", "abc", "k", "s", "c"]);
    expect(secretsOf(undefined)).toEqual([]);
  });
});
