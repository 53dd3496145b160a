import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { built } from "../../src/inspector/page/built.ts";
import { jsonAnswer, pageAnswer, streamAnswer } from "../../src/page/page.ts";

const page = { title: "a <b> & c", files: { script: "1", style: "p{}" } };

describe("pageAnswer", () => {
  it.each([
    ["", "text/html; charset=utf-8", "<title>a &lt;b&gt; &amp; c</title>"],
    ["page.js", "text/javascript; charset=utf-8", "1"],
    ["page.css", "text/css; charset=utf-8", "p{}"],
    ["icon.svg", "image/svg+xml; charset=utf-8", "<svg"],
  ])("gives %j as %s", async (name, type, text) => {
    const answer = pageAnswer(page, name);

    expect(answer?.headers.get("content-type")).toBe(type);
    expect(await answer?.text()).toContain(text);
  });

  it.each(["page.map", "constructor", "../page.js"])("knows no file %s", (name) => {
    expect(pageAnswer(page, name)).toBeUndefined();
  });

  it("allows scripts and styles from files of its own alone", () => {
    const policy = pageAnswer(page, "")?.headers.get("content-security-policy");

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'; style-src 'self'");
    expect(policy).not.toMatch(/unsafe|data:|\*/);
  });

  it("has no script and no style in the page itself", async () => {
    const html = (await pageAnswer(page, "")?.text()) ?? "";

    expect(html).not.toMatch(/<style|style=|<script(?! type="module" src="page\.js">)| on\w+=/);
    expect(html).not.toMatch(/(src|href)="(?!page\.|icon\.)/);
  });
});

describe("what else is answered", () => {
  const stream = () => new Response("x").body as ReadableStream<Uint8Array>;

  it.each([
    ["JSON", jsonAnswer({}, 404)],
    ["a stream", streamAnswer(stream(), "text/event-stream")],
    ["a file", streamAnswer(stream(), "application/x-ndjson", "letters.jsonl")],
    ["a page", pageAnswer(page, "") as Response],
  ])("is kept by nobody and guessed at by nobody: %s", (_, { headers }) => {
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  });
});

describe("the built page", () => {
  it("is one script and one style, and names no other host", () => {
    expect(built.script.length).toBeGreaterThan(5_000);
    expect(gzipSync(built.script + built.style).length).toBeLessThan(19_000);
    expect(built.style).toContain(":root{");
    expect(built.style).not.toMatch(/@import|url\(/);
    expect(built.script).not.toMatch(/\bimport\s*[("']|\beval\(|new Function/);
    expect(built.script.replaceAll(/http:\/\/www\.w3\.org\/[\w/]+/g, "")).not.toMatch(
      /https?:\/\//,
    );
  });
});
