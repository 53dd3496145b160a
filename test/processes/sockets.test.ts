import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildScripts, type Scripts, until } from "./children.ts";
import { places } from "./places.ts";
import { pulled } from "./provider.ts";
import { openProvider, type ProviderSide } from "./provider-side.ts";

const timeoutMs = 1500;
const run = promisify(execFile);
const hasOpenssl = await run("openssl", ["version"]).then(
  () => true,
  () => false,
);

let scripts: Scripts;
beforeAll(async () => {
  scripts = await buildScripts();
});
afterAll(async () => await scripts.close());

/** A good answer, as it came from the emulator. */
interface Good {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

type Misdeed = (outgoing: ServerResponse, good: Good) => void;

function head({ status, type }: Good, extra: readonly string[]): string {
  return [
    `HTTP/1.1 ${status} OK`,
    `content-type: ${type}`,
    ...extra,
    "connection: close",
    "",
    "",
  ].join("\r\n");
}

/** Writes pieces of bytes, one each few ms, as long as somebody listens. */
function trickle({ socket }: ServerResponse, pieces: Iterable<Uint8Array>, everyMs: number): void {
  const rest = pieces[Symbol.iterator]();
  const timer = setInterval(() => {
    const { value, done } = rest.next();
    if (done || !socket?.writable) clearInterval(timer);
    else socket.write(value);
  }, everyMs);
}

function* forever(): Generator<Uint8Array> {
  for (;;) yield Buffer.from(" ");
}

/** Chunks of one byte, some in each piece: one at a time would take a second for each page. */
function* chunks(body: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += 25) {
    const bytes = [...body.subarray(at, at + 25)];
    yield Buffer.concat(bytes.flatMap((byte) => [Buffer.from("1\r\n"), Buffer.of(byte, 13, 10)]));
  }
  yield Buffer.from("0\r\n\r\n");
}

/** What a server may do to an answer, and the codes of the errors that it may cause; none: it is read. */
const misdeeds: Readonly<Record<string, readonly [does: Misdeed, codes: readonly string[]]>> = {
  "a reset before the answer": [({ socket }) => socket?.resetAndDestroy(), ["transport"]],
  "a reset in the middle of the body": [
    ({ socket }, good) => {
      socket?.write(head(good, [`content-length: ${good.body.length}`]));
      socket?.write(good.body.subarray(0, good.body.length / 2), () => socket.resetAndDestroy());
    },
    ["transport"],
  ],
  "a half-open socket": [() => {}, ["timeout"]],
  "a slow-loris answer": [
    (outgoing, good) => {
      outgoing.socket?.write(head(good, ["content-length: 1000000"]));
      trickle(outgoing, forever(), 20);
    },
    ["timeout"],
  ],
  "a Content-Length that is too long": [
    ({ socket }, good) =>
      socket?.end(Buffer.concat([Buffer.from(head(good, ["content-length: 999999"])), good.body])),
    ["transport"],
  ],
  "a Content-Length that is too short": [
    ({ socket }, good) =>
      socket?.end(Buffer.concat([Buffer.from(head(good, ["content-length: 20"])), good.body])),
    ["schema", "transport"],
  ],
  "garbage that says it is gzip": [
    (outgoing, { status, type }) => {
      outgoing.writeHead(status, { "content-type": type, "content-encoding": "gzip" });
      outgoing.end(Buffer.from("certainly no gzip at all"));
    },
    ["schema", "transport"],
  ],
  "an answer that is no HTTP": [
    ({ socket }) => socket?.end("certainly no http\r\n\r\n"),
    ["transport"],
  ],
  // The last: it brings the events.
  "chunks of one byte": [
    (outgoing, good) => {
      outgoing.socket?.write(head(good, ["transfer-encoding: chunked"]));
      trickle(outgoing, chunks(good.body), 1);
    },
    [],
  ],
};

const providers = await pulled();

/** Stands before a provider and spoils the answers to some pulls, each in its turn. */
async function openProxy(side: ProviderSide, isPull: (path: string) => boolean, spoils: Misdeed[]) {
  const origin = new URL(
    Object.values(side.connection).find((value) => value.startsWith("http:")) ?? "",
  ).origin;
  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const { method = "GET", url = "" } = incoming;
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).filter(
        ([name]) => !/^(?:host|connection|content-length|transfer-encoding)$/.test(name),
      ),
    ) as Record<string, string>;
    const reply = await fetch(`${origin}${url}`, {
      method,
      headers,
      ...(body.length > 0 && { body }),
    });
    const good = {
      status: reply.status,
      type: reply.headers.get("content-type") ?? "",
      body: Buffer.from(await reply.arrayBuffer()),
    };
    const spoil = isPull(url) && good.body.length > 100 ? spoils.shift() : undefined;
    if (spoil) spoil(outgoing, good);
    else outgoing.writeHead(good.status, { "content-type": good.type }).end(good.body);
  }
  const server = createServer((...call) => void answer(...call).catch(() => call[1].destroy()));
  const port = await listen(server);
  return { server, connection: moved(side, origin, `http://127.0.0.1:${port}`) };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

function moved({ connection }: ProviderSide, from: string, to: string) {
  return Object.fromEntries(
    Object.entries(connection).map(([name, value]) => [name, value.replace(from, to)]),
  );
}

const [[, open]] = places;

describe("a consumer whose connections are bad", () => {
  it.concurrent.each(providers)(
    "$name: tells each fault as a typed error, goes on, and loses nothing",
    { timeout: 60_000 },
    async ({ name: provider, pulls = /$^/ }) => {
      const place = await open();
      const { records } = place;
      const side = await openProvider(provider);
      const spoils = Object.values(misdeeds).map(([does]) => does);
      const isPull = (path: string) => pulls.test(path);
      const proxy = await openProxy(side, isPull, spoils);
      const { connection } = proxy;
      side.publish(20);

      const task = { provider, connection, queue: side.queue, record: records.file };
      // A long poll has a longer time limit.
      const options = { waitMs: 0 };
      const child = scripts.start("consumer", {
        name: "consumer",
        ...task,
        place: place.place,
        timeoutMs,
        options,
      });
      await until(() => side.ackedAt(records).size === 20, "every event is acked");
      const code = await child.end("SIGTERM");

      const codes = records.of("pollFailed").map((line) => line.code ?? "");
      const wanted = Object.values(misdeeds).flatMap(([, each]) => (each.length > 0 ? [each] : []));
      expect(codes.map((code, at) => wanted[at]?.includes(code) || code)).toEqual(
        wanted.map(() => true),
      );
      expect(spoils).toEqual([]);
      const handledAt = records.handledAt();
      const early = [...side.ackedAt(records)].filter(
        ([id, at]) => at < (handledAt.get(id) ?? Infinity),
      );
      expect({ early, code, errors: child.errors }).toEqual({ early: [], code: 0, errors: "" });
      proxy.server.closeAllConnections();
      proxy.server.close();
      await side.close();
      await place.close();
    },
  );

  it.skipIf(!hasOpenssl).concurrent(
    "sends nothing to a server whose certificate nobody has signed, and ends in words",
    { timeout: 60_000 },
    async () => {
      const place = await open();
      const { records, folder } = place;
      const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name)) as [
        string,
        string,
      ];
      const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
      const made = ["-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", cert];
      await run("openssl", ["req", "-x509", ...made, ...subject]);
      let requests = 0;
      const files = { key: await readFile(key), cert: await readFile(cert) };
      const server = createTlsServer(files, (_, outgoing) => {
        requests += 1;
        outgoing.end("{}");
      });
      server.on("tlsClientError", () => {});
      const side = await openProvider("workato");
      const { origin } = new URL(side.connection["baseUrl"] ?? "");
      const connection = moved(side, origin, `https://127.0.0.1:${await listen(server)}`);

      const task = { connection, queue: side.queue, record: records.file, place: place.place };
      const child = scripts.start("consumer", { name: "consumer", provider: "workato", ...task });
      const code = await child.ended();

      expect(records.of("failed")).toMatchObject([
        { code: "config", message: expect.stringMatching(/certificate of .* is not trusted/) },
      ]);
      expect({ requests, code, errors: child.errors }).toEqual({
        requests: 0,
        code: 1,
        errors: "",
      });
      server.closeAllConnections();
      server.close();
      await side.close();
      await place.close();
    },
  );
});
