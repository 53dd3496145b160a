import { describe, expect, it } from "vitest";
import { secretsOf, secretsOfHeaders, secretsOfUrl, toPlainText } from "../../src/http/redact.ts";

const hexOf = (character: string): string => character.charCodeAt(0).toString(16);

describe("toPlainText", () => {
  it("makes one line of any text", () => {
    expect(toPlainText(" a\r\n\tb\u0000\u2028\u200bc ", [])).toBe("a b c");
  });

  it("takes out each secret, longest first, also in its encoded form", () => {
    const plain = toPlainText("ab abc a%2Fb a/b", ["ab", "abc", "a/b", ""]);

    expect(plain).toBe("[redacted] [redacted] [redacted] [redacted]");
  });

  it("takes out each form that a server may have given a secret", () => {
    const secret = 'a "b/ä?';
    const base64 = Buffer.from(secret).toString("base64");
    const said = [
      encodeURIComponent(secret),
      encodeURIComponent(secret).toLowerCase(),
      "a+%22b%2F%C3%A4%3F",
      JSON.stringify(secret),
      base64,
      Buffer.from(secret).toString("base64url"),
    ];

    const plain = toPlainText(said.join(" | "), [secret]);

    expect(plain.replaceAll(/["=]/g, "")).toBe(Array(6).fill("[redacted]").join(" | "));
  });

  it.each([
    ["without the blank that is not sent", "key/1 "],
    ["with a slash of JSON", "key\\/1"],
    ["with escapes of JSON", "k\\u0065y\\u002F1"],
    ["with escapes of JSON inside of JSON", "k\\\\u0065y/1"],
    ["with entities by number", "k&#101;y&#x2F;1"],
    ["with entities by name, encoded twice", "key&amp;sol;1"],
    ["encoded twice", "key%252F1"],
    ["encoded wholly", "%6B%65%79%2f%31"],
    ["in capitals", "KEY/1"],
  ])("takes out a secret that comes back %s", (_how, said) => {
    expect(toPlainText(`no: ${said}.`, ["key/1 "]).replace(" .", ".")).toBe("no: [redacted].");
  });

  it("is not held by a text that is made for it", () => {
    const secrets = ["a".repeat(2000), "\\".repeat(200), "%2".repeat(200)];
    const began = performance.now();
    for (const text of ["a", "\\", "%25", "&amp;", "&#0"])
      toPlainText(text.repeat(20_000), secrets);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it.each([
    ["words that may be base64", "abcdefg ".repeat(8_000)],
    ["base64", Buffer.from("\u00ff\u0007".repeat(16_000)).toString("base64")],
    ["short lines", "abcdef\n".repeat(9_000)],
  ])("is done soon with %s, and whatever the secrets are", (_what, text) => {
    const secrets = Array.from({ length: 10 }, (_, at) => `${at}-${"k3y".repeat(40 + at)}`);
    // A second time, as one batch's answer may hold many of them.
    const began = process.cpuUsage();
    for (let time = 0; time < 20; time += 1) toPlainText(text, secrets);
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(1_000);
  });

  it.each([0, 1, 5, 30, 63, 64, 65])(
    "shows no part of a secret that a long text is cut through after %i of it",
    (shown) => {
      const secret = "s3cret-".repeat(12);
      const forms = [
        secret,
        encodeURIComponent(secret),
        btoa(secret),
        secret.replace(/./g, "&#x$&;"),
      ];
      for (const form of forms) {
        const text = `${" ".repeat(4_096 - shown)}${form}${" is bad".repeat(1_000)}`;
        expect(toPlainText(text, [secret])).toMatch(/^(\[redacted\])?…$/);
      }
    },
  );

  it("takes out a secret of any length, and what stands behind it in its word", () => {
    const secretOf = (length: number) =>
      Array.from({ length }, (_, at) => (at * at).toString(36)).join("");
    const [long, longer] = [secretOf(500), secretOf(2_000)];

    expect(toPlainText(`token ${long}x is bad: "${long}"`, [long])).toBe(
      'token [redacted] is bad: "[redacted]"',
    );
    expect(toPlainText(`token ${longer}x is bad`, [longer])).toBe("token [redacted]…");
  });

  it.each([
    ["as it is", (secret: string) => secret],
    ["for an address", encodeURIComponent],
    ["in JSON", (secret: string) => JSON.stringify(secret).slice(1, -1)],
  ])("takes out all words of a long secret, %s", (_how, write) => {
    const secret = `${"correct horse battery staple, ".repeat(3)}and "the true" <secret> at its end`;

    expect(toPlainText(`not ${write(secret)}!`, [secret])).toBe("not [redacted]");
    expect(toPlainText(`not ${write(secret)} !`, [secret])).toBe("not [redacted] !");
  });

  it.each([
    ["a longer text in base64", (secret: string) => btoa(`x-api-key: ${secret}\r\n`)],
    ["another longer one", (secret: string) => btoa(`x-api-key:  ${secret}\r\nhost: me`)],
    ["and a third", (secret: string) => btoa(`x-api-key:   ${secret}`)],
    ["hexadecimal escapes", (secret: string) => secret.replace(/./g, (c) => `\\x${hexOf(c)}`)],
    ["escapes with braces", (secret: string) => secret.replace(/./g, (c) => `\\u{${hexOf(c)}}`)],
  ])("takes a secret out of %s", (_how, write) => {
    const secret = "v3ry-s3cret/key";

    expect(toPlainText(`no: ${write(secret)} !`, [secret])).toBe("no: [redacted] !");
  });

  it("takes out what is wrapped as base64 is", () => {
    const secret = btoa(`login:${"p4ssw0rd".repeat(20)}`);
    const wrapped = secret.replace(/.{76}/g, "$&\r\n");

    expect(toPlainText(`no: ${wrapped} !`, [secret])).toBe("no: [redacted] !");
    expect(toPlainText(`no: ${wrapped} !`, [atob(secret)])).toBe("no: [redacted] !");
  });

  it("takes no word for the base64 of a short secret", () => {
    expect(toPlainText("Validation failed", ["t"])).toBe("Valida[redacted]ion failed");
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

  it("finds the password inside of HTTP Basic, also as OAuth encodes it", () => {
    const basic = `Basic ${Buffer.from("login:pass%2Fw:örd").toString("base64")}`;

    expect(secretsOf({ authorization: basic })).toContain("pass%2Fw:örd");
    expect(secretsOf({ authorization: basic })).toContain("pass/w:örd");
  });
});

describe("secretsOfHeaders", () => {
  it("finds the values inside of what is made of pairs", () => {
    const secrets = secretsOfHeaders({
      cookie: "sid=abc123; other=no",
      "x-pair": "user:hunter22hunter",
      "x-sign": 'keyId="k",signature="c2lnbmF0dXJl"',
    });

    expect(secrets).toEqual(expect.arrayContaining(["abc123", "hunter22hunter", "c2lnbmF0dXJl"]));
    expect(secrets).not.toContain("no");
  });

  it("finds whatever is long enough for a secret, but in headers where nobody keeps one", () => {
    const headers = {
      accept: "application/json",
      "content-type": "application/json",
      "user-agent": "integrator/1.0",
      "x-session-id": "0123456789",
      "x-jwt": "Custom abcdefghij",
      "x-env": "prod",
      "x-api-key": "k",
    };

    expect(secretsOfHeaders(headers)).toEqual([
      "k",
      "0123456789",
      "0123456789",
      "Custom abcdefghij",
      "abcdefghij",
    ]);
  });
});

describe("secretsOfUrl", () => {
  it("finds the address, and the long parts of it", () => {
    const address =
      "https://me:long-password@me.example/hooks/0123456789abcdef?secret=fedcba98&v=1";

    expect(secretsOfUrl(address)).toEqual([
      address,
      "fedcba98",
      "0123456789abcdef",
      "long-password",
    ]);
    expect(secretsOfUrl("no address")).toEqual([]);
    expect(secretsOfUrl(undefined)).toEqual([]);
  });
});
