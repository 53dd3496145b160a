import { sqliteStores } from "../../src/stores/index.ts";

const key = { consumer: "billing", feed: "orders" };

/**
 * Tells its parent what a user without rights is told of each path that it is sent. Run by root it first
 * becomes such a user; only after all was loaded, since that user may not read the program.
 */
await sqliteStores(":memory:").cursors.load(key);
if (process.getuid?.() === 0) process.setuid?.(65_534);

process.on("message", async (path: string) => {
  const { cursors, close } = sqliteStores(path);
  const told = await cursors.save(key, "two", 1).catch(({ code, message }) => ({ code, message }));
  await close();
  process.send?.(told);
});
