import { connect } from "node:tls";

/** What one request to a server told, without any credential. */
export interface Reached {
  readonly status: number;
  readonly headers: Headers;
  /** By how much its clock is ahead of ours, in ms; absent where it has no `Date`. */
  readonly skewMs?: number;
  /** How long it took, in ms. */
  readonly tookMs: number;
}

/** Asks a server anything, and looks at the answer's head alone. */
export async function reach(url: string, signal: AbortSignal): Promise<Reached> {
  const cut = new AbortController();
  const stop = (): void => cut.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => cut.abort(new Error("no answer for 10 s")), 10_000);
  const [began, at] = [performance.now(), Date.now()];
  try {
    const reply = await fetch(url, { redirect: "manual", signal: cut.signal });
    const tookMs = performance.now() - began;
    await reply.body?.cancel();
    const date = Date.parse(reply.headers.get("date") ?? "");
    // A `Date` is cut to the second: in its middle is what it means.
    const skewMs = date + 500 - (at + tookMs / 2);
    const { status, headers } = reply;
    return { status, headers, tookMs, ...(Number.isNaN(date) ? {} : { skewMs }) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** Why a server could not be reached, and what to do about it. */
export function explainUnreachable(error: unknown): readonly [found: string, todo: string] {
  const { cause, message = "" } = Object(error) as Partial<Error>;
  const { code = "" } = Object(cause) as { code?: string };
  const kinds: readonly (readonly [RegExp, string, string])[] = [
    [/ENOTFOUND|EAI_AGAIN/, "its name cannot be resolved", "look at the address, and at DNS"],
    [/ECONNREFUSED/, "nobody listens there", "look at the address and its port"],
    [
      /CERT|SELF_SIGNED|ISSUER|ERR_TLS|UNABLE_TO_VERIFY/,
      "its certificate is refused",
      "look at the clock, a proxy between, NODE_EXTRA_CA_CERTS",
    ],
    [/TIMEOUT|ETIMEDOUT/, "no answer in time", "look at firewalls and proxies"],
    [/ENETUNREACH|EHOSTUNREACH/, "there is no way there", "look at the network"],
    [/SSL|EPROTO/, "it speaks no TLS", "look whether the address should begin with http:"],
    [/ECONNRESET|UND_ERR_SOCKET/, "the connection was cut", "look at firewalls and proxies"],
  ];
  const kind = kinds.find(([pattern]) => pattern.test(code));
  if (kind) return [`${kind[1]} (${code})`, kind[2]];
  return [code || message || "no answer", "look at the network between"];
}

/** How many days a server's certificate is still good. */
export function certificateDays(url: URL): Promise<number> {
  return new Promise((resolve, reject) => {
    const port = Number(url.port || 443);
    const socket = connect({ host: url.hostname, port, servername: url.hostname }, () => {
      const { valid_to: until } = socket.getPeerCertificate();
      socket.end();
      resolve(Math.floor((Date.parse(until) - Date.now()) / 86_400_000));
    });
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer for 10 s")));
    socket.once("error", reject);
  });
}
