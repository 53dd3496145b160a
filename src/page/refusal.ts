import { jsonAnswer } from "./page.ts";

/** The header that each request which changes something has: a page of another site cannot send it unasked. */
const CHANGE_HEADER = "x-ackloop-page";

/** Who may ask. */
export interface Bounds {
  /** The names by which the page is asked for, such as `127.0.0.1:4010`, or `localhost` with any port; any without. */
  readonly hosts?: readonly string[] | undefined;
}

/**
 * Refuses what a page of another site has sent: by a name of its own for this address, from its own origin, or
 * without the header that only the page itself sends. `undefined`: the request may be answered.
 *
 * A link from elsewhere may open the page; it gets nothing of what the page shows.
 */
export function refusal(request: Request, { hosts }: Bounds = {}): Response | undefined {
  const { headers, method } = request;
  const host = headers.get("host") ?? new URL(request.url).host;
  if (hosts && !hosts.some((each) => isNamed(host.toLowerCase(), each.toLowerCase()))) {
    return refuse(421, "this page is not served by that name");
  }
  const isChange = method !== "GET" && method !== "HEAD";
  if (!isFromHere(headers, host, isChange)) {
    return refuse(403, "a request from another site is refused");
  }
  if (isChange && headers.get(CHANGE_HEADER) === null) {
    return refuse(403, `a change needs the header ${CHANGE_HEADER}`);
  }
  return undefined;
}

/** A name without a port stands for any. */
function isNamed(host: string, name: string): boolean {
  return host === name || host.replace(/:\d+$/, "") === name;
}

function isFromHere(headers: Headers, host: string, isChange: boolean): boolean {
  const site = headers.get("sec-fetch-site");
  const isOpened = headers.get("sec-fetch-mode") === "navigate" && !isChange;
  // What browsers say of themselves holds behind any proxy, which may give the host another name.
  if (site !== null) return site === "same-origin" || isOpened;
  const origin = headers.get("origin");
  return origin === null || origin.replace(/^https?:\/\//, "") === host;
}

function refuse(status: number, text: string): Response {
  return jsonAnswer({ error: text }, status);
}
