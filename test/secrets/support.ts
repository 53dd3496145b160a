import { inspect } from "node:util";
import { expect } from "vitest";
import type { Logger } from "../../src/core/logger.ts";

/** A credential that a header can hold, whose every encoding looks different. */
export const mark = 'm4rk/of+the="credential"\\%7E';

/** The same, for what must be letters, digits and dashes. */
export const plainMark = "m4rk-of-the-plain-credential";

/** Both. */
export const marks = { mark, plainMark };

/** Every form that a text may be repeated in. */
function formsOf(text: string): readonly string[] {
  const inUrl = encodeURIComponent(text);
  return [
    text,
    inUrl,
    inUrl.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams([["a", text]]).toString().slice(2),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString("base64").replaceAll("=", ""),
    Buffer.from(text).toString("base64url"),
  ];
}

/** What a person, a log or a crash reporter could see of anything. */
function printed(value: unknown): string {
  const { message, stack } = Object(value) as { message?: unknown; stack?: unknown };
  const seen = inspect(value, { depth: 8, showHidden: true, maxStringLength: null });
  return [String(message), String(stack), seen, jsonOf(value)].join("\n");
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch (error) {
    return String(error);
  }
}

/** Gathers whatever is told, and finds the forms of the marks in it. */
export class Witness {
  readonly #seen: string[] = [];

  /** Everything that the library logs. */
  readonly logger: Logger = {
    debug: (...line) => this.see(line),
    info: (...line) => this.see(line),
    warn: (...line) => this.see(line),
    error: (...line) => this.see(line),
  };

  /** Takes a value in. */
  readonly see = (value: unknown): void => {
    this.#seen.push(printed(value));
  };

  /** Takes in how a call ends. */
  async watch(call: () => unknown): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.see(error);
    }
  }

  /** Something was told, and none of it was a secret. */
  expectNothingOf(...secrets: readonly string[]): void {
    expect(this.#seen.length).toBeGreaterThan(0);
    const text = this.#seen.join("\n");
    // Printing escapes quotes and backslashes once more, some text twice.
    const forms = secrets.flatMap(formsOf).flatMap((form) => [form, ...escaped(form)]);
    expect(forms.filter((form) => text.includes(form))).toEqual([]);
  }
}

function escaped(text: string): readonly string[] {
  const once = JSON.stringify(text).slice(1, -1);
  return [once, JSON.stringify(once).slice(1, -1)];
}

/** A body that repeats secrets in every form and in every place that an error body has. */
function echo(secrets: readonly string[]): string {
  const forms = secrets.flatMap(formsOf);
  const said = `${forms.join(" ; ")} ${forms.join("")}`;
  return JSON.stringify({
    errors: [said, ...forms],
    error: said,
    error_description: said,
    message: said,
    errorMessage: said,
    title: said,
    id: said,
    status: 400,
    [said]: forms,
    ...Object.fromEntries(forms.map((form) => [form, form])),
  });
}

/** How a server may fail while it repeats what it was sent. */
export const failures: readonly (readonly [string, (secrets: readonly string[]) => Response])[] = [
  ...[300, 302, 400, 401, 403, 404, 408, 409, 413, 422, 423, 429, 500, 502, 503, 504].map(
    (status) =>
      [
        `status ${status}`,
        (secrets: readonly string[]) =>
          new Response(echo(secrets), {
            status,
            headers: {
              "x-request-id": secrets.flatMap(formsOf).join(" "),
              location: `https://other.example/?${secrets.map(encodeURIComponent).join("&")}`,
            },
          }),
      ] as const,
  ),
  ["a text", (secrets) => new Response(secrets.flatMap(formsOf).join(" "), { status: 400 })],
  ["a page", (secrets) => new Response(`<html>${secrets.join(" ")}</html>`)],
  ["another shape", (secrets) => new Response(echo(secrets))],
  ["a cut answer", (secrets) => new Response(echo(secrets).slice(0, -9))],
  ["no JSON", (secrets) => new Response(secrets.flatMap(formsOf).join(" "))],
  [
    "a failed network",
    (secrets) => {
      const text = `connect ECONNRESET https://${secrets.join("@")}`;
      const cause = Object.assign(new Error(text), { code: "ECONNRESET", headers: secrets });
      throw new TypeError("fetch failed", { cause });
    },
  ],
];
