import { profiles } from "../../providers/profiles.ts";

/** A program of a user's, told by what it imports and does. */
export interface Program {
  /** What it does. */
  readonly name: string;
  /** The names that it imports, by entry. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** The body of an async function of {@link Given} that returns what the program prints as JSON. */
  readonly body: string;
  /** What it must print. */
  readonly prints: unknown;
  /** The packages whose files its bundle may hold. */
  readonly packages: readonly string[];
  /** Why it runs on Node only. */
  readonly needsNode?: string;
}

/** What a program is given when it runs, by provider: its connection to an emulator on a server. */
export type Given = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** How many events each provider has. */
export const eventCount = 120;

/** Handles twenty events with the stores that are named `stores`; one of them is a dead letter. */
const loop = `
  const feed = memoryFeed();
  feed.publish(...Array.from({ length: 20 }, (_, at) => testEvent("event " + at, { data: at })));
  const handler = ({ data }) => {
    if (data === 7) throw new Error("never");
  };
  const { deadLetters, dedupe } = stores;
  const options = { deadLetters, dedupe: { store: dedupe }, consumer: "billing", retry: { attempts: 1 } };
  const { handled } = await drain(feed, handler, options);
  const { letters } = await deadLetters.list({ consumer: "billing", feed: feed.name });
  return { handled, letters: letters.length, acked: feed.acked.length };`;

const http = ["ackloop", "ky", "zod", "p-retry", "is-network-error"];

const loopImports = { ackloop: ["drain"], "ackloop/testing": ["memoryFeed", "testEvent"] };

/** The programs. Each is bundled by every bundler, from `import` and from `require`, and run. */
export const programs: readonly Program[] = [
  {
    name: "memoryStores alone",
    imports: { "ackloop/stores": ["memoryStores"] },
    body: `
  const { cursors } = memoryStores();
  const key = { consumer: "billing", feed: "orders" };
  await cursors.save(key, "here", 0);
  return await cursors.load(key);`,
    prints: { value: "here", revision: 1 },
    packages: ["ackloop"],
  },
  {
    name: "a loop over memoryStores",
    imports: { ...loopImports, "ackloop/stores": ["memoryStores"] },
    body: `
  const stores = memoryStores();${loop}`,
    prints: { handled: 19, letters: 1, acked: 20 },
    packages: ["ackloop", "p-retry", "is-network-error"],
  },
  {
    name: "a loop over sqliteStores",
    imports: { ...loopImports, "ackloop/stores": ["sqliteStores"] },
    body: `
  const stores = sqliteStores(given.file);${loop}`,
    prints: { handled: 19, letters: 1, acked: 20 },
    packages: ["ackloop", "p-retry", "is-network-error"],
    needsNode: "a database in a file",
  },
  ...profiles.map(({ program: { name, imports, body, prints } }) => ({
    name,
    imports,
    body,
    prints: prints(eventCount),
    packages: http,
  })),
  {
    name: "a receiver of webhooks that are signed in either way",
    imports: { ackloop: ["webhook"], "ackloop/feeds": ["receiver"] },
    body: `
  const toBase64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const { subtle } = crypto;
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const pair = await subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const own = await subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const secrets = ["whsec_" + toBase64(secret), "whpk_" + toBase64(await subtle.exportKey("raw", pair.publicKey))];
  const bodies = [];
  const toEvent = (body) => ({ type: "t", data: body });
  const handle = webhook(receiver({ provider: "acme", signature: { secrets }, toEvent }), ({ id, data }) => {
    bodies.push([id, data]);
  });
  const send = async (id, sign, body = JSON.stringify(id)) => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = await sign(new TextEncoder().encode(id + "." + timestamp + "." + JSON.stringify(id)));
    const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
    return (await handle(new Request("https://user.test/", { method: "POST", body, headers }))).status;
  };
  const v1 = async (content) => "v1," + toBase64(await subtle.sign("HMAC", own, content));
  const v1a = async (content) => "v1a," + toBase64(await subtle.sign("Ed25519", pair.privateKey, content));
  const statuses = [await send("a", v1), await send("b", v1a), await send("c", v1a, "{}"), await send("d", v1, "{}")];
  return { statuses, bodies };`,
    prints: {
      statuses: [200, 200, 401, 401],
      bodies: [
        ["a", "a"],
        ["b", "b"],
      ],
    },
    packages: ["ackloop", "p-retry", "is-network-error"],
  },
  {
    name: "an emulator as a fetch",
    imports: {
      ackloop: ["drain"],
      "ackloop/emulator": ["tikiEmulator"],
      "ackloop/tiki": ["clientCredentials", "tiki"],
    },
    body: `
  const emulator = tikiEmulator();
  const { clientId, clientSecret, tokenUrl, baseUrl } = emulator.connection("https://tiki.test");
  const { fetch } = emulator;
  const shop = tiki({ token: clientCredentials({ clientId, clientSecret, tokenUrl }), baseUrl, fetch });
  const queue = emulator.createQueue("orders");
  emulator.publish(queue, [{ type: "ORDER_CREATED_SUCCESSFULLY", payload: { order_code: "1" } }]);
  const { handled, stopped } = await drain(shop.feed(queue), () => {});
  return { handled, stopped };`,
    prints: { handled: 1, stopped: "empty" },
    packages: http,
  },
];

/** A program for an entry that no other program imports, so that a new one is bundled at once. */
export function programOf(entry: string, names: readonly string[]): Program {
  return {
    name: `all of ${entry}`,
    imports: { [entry]: names },
    body: `return [${names}].filter((one) => one !== undefined).length;`,
    prints: names.length,
    packages: http,
  };
}

/** The lines that import what a program needs, and its function `main(given)`. */
export function mainOf({ imports, body }: Program, form: "import" | "require"): string {
  const lines = Object.entries(imports).map(([entry, names]) => {
    const list = `{ ${names.join(", ")} }`;
    return form === "import"
      ? `import ${list} from "${entry}";`
      : `const ${list} = require("${entry}");`;
  });
  return `${lines.join("\n")}\nasync function main(given) {${body}\n}\n`;
}

/** The text of a program that prints its name and result, as a module or as CommonJS. */
export function textOf(program: Program, form: "import" | "require"): string {
  const told = `JSON.stringify([${JSON.stringify(program.name)}, result])`;
  return `${mainOf(program, form)}main(globalThis.given).then((result) => console.log(${told}));\n`;
}
