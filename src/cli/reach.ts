import { connect } from "node:tls";
import { ask } from "../core/guard.ts";

/** What one request to a server told, without any credential. */
export interface Reached {
  readonly status: number;
  readonly headers: Headers;
  /** By how much its clock is ahead of ours, in ms; absent where it has no `Date`. */
  readonly skewMs?: number;
  /** How long it took, in ms. */
  readonly tookMs: number;
}

/** How long a server may take to answer, in ms. */
const LIMIT_MS = 10_000;

/** Asks a server anything, and looks at the answer's head alone. */
export async function reach(url: string, signal: AbortSignal): Promise<Reached> {
  const asking = { what: "reach", whom: new URL(url).host, limitMs: LIMIT_MS, signal };
  const answer = await ask(asking, (cut) => look(url, cut));
  if (answer.kind === "answered") return answer.value;
  throw answer.kind === "cut" ? signal.reason : (answer.thrown ?? answer.error);
}

async function look(url: string, cut: AbortSignal): Promise<Reached> {
  const [began, at] = [performance.now(), Date.now()];
  const reply = await fetch(url, { redirect: "manual", signal: cut });
  const tookMs = performance.now() - began;
  await reply.body?.cancel();
  const date = Date.parse(reply.headers.get("date") ?? "");
  // A `Date` is cut to the second: in its middle is what it means.
  const skewMs = date + 500 - (at + tookMs / 2);
  const { status, headers } = reply;
  return { status, headers, tookMs, ...(Number.isNaN(date) ? {} : { skewMs }) };
}

/** Why a server could not be reached, and what to do about it. */
export function explainUnreachable(error: unknown): readonly [found: string, todo: string] {
  const {
    cause,
    code: own = "",
    message = "",
  } = Object(error) as Partial<Error & { code: string }>;
  const { code = own } = Object(cause) as { code?: string };
  const kinds: readonly (readonly [RegExp, string, string])[] = [
    [/ENOTFOUND|EAI_AGAIN/, "its name cannot be resolved", "look at the address, and at DNS"],
    [/ECONNREFUSED/, "nobody listens there", "look at the address and its port"],
    [
      /CERT|SELF_SIGNED|ISSUER|ERR_TLS|UNABLE_TO_VERIFY/,
      "its certificate is refused",
      "look at the clock, a proxy between, NODE_EXTRA_CA_CERTS",
    ],
    [/TIMEOUT|ETIMEDOUT/i, "no answer in time", "look at firewalls and proxies"],
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
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error("no answer for 10 s")));
    socket.once("error", reject);
  });
}
