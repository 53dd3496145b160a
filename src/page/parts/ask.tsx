/** What a request to the page's own server came to: what it gave, or why it did not. */
export type Answer<Value> =
  | { readonly value: Value; readonly error?: undefined }
  | { readonly error: string; readonly status: number; readonly value?: undefined };

/** The address of what the page's own server has: beside its script, wherever the page itself is. */
export function addressOf(path: string): string {
  return new URL(path, import.meta.url).href;
}

/** Asks the page's own server; with a body it asks for a change. It never throws. */
export async function ask<Value>(path: string, body?: unknown): Promise<Answer<Value>> {
  const change: RequestInit = {
    method: "POST",
    headers: { "content-type": "application/json", "x-ackloop-page": "1" },
    body: JSON.stringify(body),
  };
  try {
    const response = await fetch(addressOf(path), body === undefined ? {} : change);
    const value = await response.json().catch(() => ({}));
    if (response.ok) return { value };
    const { error = `the server answers ${response.status}` } = value;
    return { error, status: response.status };
  } catch {
    return { error: "the server cannot be reached", status: 0 };
  }
}

/** A path with a query; what is undefined or empty is left out. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? path : `${path}?${text}`;
}
