import { describe, expect, it } from "vitest";
import { toNetworkFailure } from "../../src/core/network.ts";

/** An error with more properties, as runtimes make them. */
function errorOf(message: string, properties: object = {}, Kind: ErrorConstructor = Error) {
  return Object.assign(new Kind(message), properties);
}

const undici = (cause: unknown) => new TypeError("fetch failed", { cause });
const refused = errorOf("connect ECONNREFUSED ::1:9", { code: "ECONNREFUSED", syscall: "connect" });
const timedOut = errorOf("connect ETIMEDOUT 10.0.0.1:9", { code: "ETIMEDOUT", syscall: "connect" });
const reset = errorOf("read ECONNRESET", { code: "ECONNRESET", syscall: "read" });

describe("toNetworkFailure", () => {
  it.each([
    ["Node, refused", undici(refused), "ECONNREFUSED", true],
    [
      "Node, every address refused",
      undici(new AggregateError([refused, timedOut])),
      undefined,
      true,
    ],
    [
      "Node, one address with another fate",
      undici(new AggregateError([refused, reset])),
      undefined,
      false,
    ],
    [
      "Node, no such host",
      undici(errorOf("", { code: "ENOTFOUND", syscall: "getaddrinfo" })),
      "ENOTFOUND",
      true,
    ],
    [
      "Node, no connection in time",
      undici(errorOf("", { code: "UND_ERR_CONNECT_TIMEOUT" })),
      "UND_ERR_CONNECT_TIMEOUT",
      true,
    ],
    ["Node, reset", undici(reset), "ECONNRESET", false],
    [
      "Node, closed while idle",
      undici(errorOf("other side closed", { code: "UND_ERR_SOCKET" })),
      "UND_ERR_SOCKET",
      false,
    ],
    [
      "Node, cut in the body",
      new TypeError("terminated", { cause: errorOf("x", { code: "UND_ERR_SOCKET" }) }),
      "UND_ERR_SOCKET",
      false,
    ],
    ["Node, cut in the body, no cause", new TypeError("terminated"), undefined, false],
    [
      "Bun, refused",
      errorOf("Unable to connect. Is the computer able to access the url?", {
        code: "ConnectionRefused",
      }),
      "ConnectionRefused",
      true,
    ],
    [
      "Bun, reset",
      errorOf("The socket connection was closed unexpectedly.", { code: "ECONNRESET" }),
      "ECONNRESET",
      false,
    ],
    ["workerd, lost", errorOf("Network connection lost."), undefined, false],
    [
      "Deno, refused",
      new TypeError(
        "error sending request for url (https://h/?k=v): client error (Connect): tcp connect error",
      ),
      undefined,
      true,
    ],
    [
      "Deno 2.9, refused",
      undici(errorOf("error sending request for url (http://h/): client error (Connect): tcp")),
      undefined,
      true,
    ],
    ["Node, a port that is never used", undici(errorOf("bad port")), undefined, true],
    [
      "Deno, a port that is never used",
      new TypeError("Fetch failed: Requests to port 1 are blocked"),
      undefined,
      true,
    ],
    ["Deno, cut", new TypeError("error reading a body from connection"), undefined, false],
    ["a browser or msw", new TypeError("Failed to fetch"), undefined, false],
    [
      "an aborted stream",
      new DOMException("The operation was aborted", "AbortError"),
      undefined,
      false,
    ],
    ["something that is no error", "boom", undefined, false],
    ["nothing", undefined, undefined, false],
    ["a code that is no code", errorOf("x", { code: "Bearer abc" }), undefined, false],
  ])("knows a failure of %s", (_runtime, error, networkCode, unsent) => {
    expect(toNetworkFailure(error)).toEqual({ networkCode, unsent });
  });

  it.each([
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ])("knows a certificate that is not trusted: %s", (code) => {
    const failure = toNetworkFailure(undici(errorOf("odd certificate", { code })));
    expect(failure).toEqual({ networkCode: code, unsent: true, distrusted: true });
  });

  it.each([
    "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
    "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
    "ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY",
    "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
  ])("knows a handshake that failed before anything was sent: %s", (code) => {
    expect(toNetworkFailure(undici(errorOf("alert", { code })))).toEqual({
      networkCode: code,
      unsent: true,
    });
  });

  it("knows a handshake in which the other side went away", () => {
    const text = "Client network socket disconnected before secure TLS connection was established";
    expect(toNetworkFailure(undici(errorOf(text, { code: "ECONNRESET" })))).toEqual({
      networkCode: "ECONNRESET",
      unsent: true,
    });
  });

  it.each(["ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"])(
    "does not know whether something was sent before the alert %s",
    (networkCode) => {
      const failure = toNetworkFailure(undici(errorOf("alert", { code: networkCode })));
      expect(failure).toEqual({ networkCode, unsent: false });
    },
  );

  it.each([
    new TypeError("Cannot read properties of undefined (reading 'connection')"),
    new TypeError("socket is not a function"),
    errorOf("Invalid URL", { code: "ERR_INVALID_URL" }, TypeError),
    new RangeError("out of range"),
    new ReferenceError("socket is not defined"),
    new SyntaxError("Unexpected token"),
    errorOf("expected 1 to be 2", { name: "AssertionError" }),
  ])("takes %s for a bug", (error) => {
    expect(toNetworkFailure(error)).toBeUndefined();
  });

  it("ends on an error that is its own cause", () => {
    const error = new Error("round");
    error.cause = error;

    expect(toNetworkFailure(error)).toEqual({ networkCode: undefined, unsent: false });
  });
});
