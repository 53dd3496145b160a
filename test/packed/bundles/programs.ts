/** A program of a user's, told by what it imports and does. */
export interface Program {
  /** What it does. */
  readonly name: string;
  /** The names that it imports, by entry. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** The body of an async function that returns what the program prints as JSON. */
  readonly body: string;
  /** What it must print. */
  readonly prints: unknown;
  /** The packages whose files its bundle may hold. */
  readonly packages: readonly string[];
  /** Whether it needs Node to run. @default false */
  readonly needsNode?: boolean;
}

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
  const stores = sqliteStores(process.argv[2]);${loop}`,
    prints: { handled: 19, letters: 1, acked: 20 },
    packages: ["ackloop", "p-retry", "is-network-error"],
    needsNode: true,
  },
];

/** The text of a program, as a module or as CommonJS. */
export function textOf({ imports, body }: Program, form: "import" | "require"): string {
  const lines = Object.entries(imports).map(([entry, names]) => {
    const list = `{ ${names.join(", ")} }`;
    return form === "import"
      ? `import ${list} from "${entry}";`
      : `const ${list} = require("${entry}");`;
  });
  const print = "main().then((result) => console.log(JSON.stringify(result)));";
  return `${lines.join("\n")}\nasync function main() {${body}\n}\n${print}\n`;
}
