const masked = "•••";

/** What says how much, how far or since when, and opens nothing. */
const plain = /^(\d{1,12}|true|false|\d{4}-\d\d-\d\d(T[\d:.]+Z?)?)$/;
/** What a credential is called. */
const secretName = /secret|token|pass|key|auth|code|sig|login|cred/i;
const isName = /^[a-z_-]{1,32}$/i;
/** As long as a webhook's key in a path may be. */
const leastKey = 16;
/** Longer ones are cut: whoever keeps some thousands of them has a bound. */
const longest = 400;

/**
 * An address as it may be shown: the names of its query, and of their values those that are plain numbers,
 * times or yes and no; without a user and without a known secret. Of an address elsewhere (`"out"`) the long
 * parts of the path are masked too: a webhook's may be its key.
 */
export function shownTarget(
  address: string,
  direction: "in" | "out",
  secrets: readonly string[] = [],
): string {
  const url = new URL(address, "http://127.0.0.1");
  const isSecret = (text: string): boolean =>
    secrets.some((secret) => text.includes(secret) || text.includes(encodeURIComponent(secret)));
  const segments = url.pathname.split("/").map((segment) => {
    const isKey = direction === "out" && segment.length >= leastKey;
    return isKey || isSecret(segment) ? masked : segment;
  });
  const query = [...url.searchParams].map(([name, value]) => {
    const isShown = plain.test(value) && !secretName.test(name);
    return `${isName.test(name) && !isSecret(name) ? name : masked}=${isShown ? value : masked}`;
  });
  const path = segments.join("/") + (query.length > 0 ? `?${query.join("&")}` : "");
  const shown = direction === "out" ? `${url.protocol}//${url.host}${path}` : path;
  return shown.length > longest ? `${shown.slice(0, longest)}…` : shown;
}

/** Which members of a connection are credentials. */
export function secretsOf(connection: Readonly<Record<string, string>>): readonly string[] {
  const secret = Object.entries(connection).filter(([name]) =>
    /(secret|password|token|key)$/i.test(name),
  );
  return secret.map(([, value]) => value).filter((value) => value !== "");
}
