/** The files of a page, as they were built. */
export interface PageFiles {
  /** One script, an ES module. */
  readonly script: string;
  /** One style sheet. */
  readonly style: string;
}

/**
 * What a page may do: run its own script, show its own style, ask its own server. No text that gets into it can
 * become a script, and nothing of it goes to another host.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** What everything else may do that is opened by itself: nothing. */
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** The headers of every answer. */
const headersOf = (type: string, policy: string): Record<string, string> => ({
  "cache-control": "no-store",
  "content-security-policy": policy,
  "content-type": type,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
});

/** A page, ready to be served. */
export interface Page {
  /** What stands in the window's title. Plain text. */
  readonly title: string;
  readonly files: PageFiles;
}

/**
 * Answers with a file of the page: `` for the page itself, `page.js`, `page.css`, `icon.svg`; `undefined` for any
 * other name. The page names its files relative to its address, and asks its server relative to its script.
 *
 * @param under Where its files are from there: such as `inspector/` where its address has no slash at its end, which
 * some servers take away.
 */
export function pageAnswer({ title, files }: Page, name: string, under = ""): Response | undefined {
  const found: Readonly<Record<string, readonly [type: string, text: string]>> = {
    "": ["text/html", htmlOf(title, under)],
    "page.js": ["text/javascript", files.script],
    "page.css": ["text/css", files.style],
    "icon.svg": ["image/svg+xml", ICON],
  };
  const [type, text] = (Object.hasOwn(found, name) && found[name]) || [];
  if (type === undefined) return undefined;
  return new Response(text ?? "", { headers: headersOf(`${type}; charset=utf-8`, PAGE_POLICY) });
}

/** Answers with JSON. */
export function jsonAnswer(value: unknown, status = 200): Response {
  const headers = headersOf("application/json; charset=utf-8", DATA_POLICY);
  return new Response(JSON.stringify(value), { status, headers });
}

/** Answers with a stream: of events, or of a file that is kept under this name. */
export function streamAnswer(
  body: ReadableStream<Uint8Array> | null,
  type: string,
  file?: string,
): Response {
  const headers = headersOf(type, DATA_POLICY);
  if (file !== undefined) headers["content-disposition"] = `attachment; filename="${file}"`;
  return new Response(body, { headers });
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function htmlOf(title: string, under: string): string {
  const text = title.replace(/[&<>]/g, (sign) => escapes[sign] ?? sign);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text}</title>
<link rel="icon" href="${under}icon.svg">
<link rel="stylesheet" href="${under}page.css">
<script type="module" src="${under}page.js"></script>
</head>
<body><div id="page"></div><noscript>This page needs JavaScript.</noscript></body>
</html>
`;
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" \
fill="#0b6e4f"/><path d="M8 17l5 5 11-12" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" \
stroke-linejoin="round"/></svg>`;
