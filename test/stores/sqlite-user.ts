import { sqliteStores } from "../../src/stores/index.ts";

const key = { consumer: "billing", feed: "orders" };

/**
 * Tells what a user without rights is told of files: a line of JSON for each path. Run by root it first
 * becomes such a user; only after all was loaded, since that user may not read the program.
 */
async function tell(paths: readonly string[]): Promise<void> {
  await sqliteStores(":memory:").cursors.load(key);
  if (process.getuid?.() === 0) process.setuid?.(65_534);
  for (const path of paths) {
    const { cursors, close } = sqliteStores(path);
    const told = await cursors
      .save(key, "two", 1)
      .catch(({ code, message }) => ({ code, message }));
    process.stdout.write(`${JSON.stringify(told)}\n`);
    await close();
  }
}

await tell(process.argv.slice(2));
