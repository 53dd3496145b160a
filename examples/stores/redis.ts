/**
 * Redis as a key-value store for `keyValueStores`, by a client with ioredis' methods:
 *
 *   const { cursors, dedupe, leases } = keyValueStores(redisKeyValue(new Redis(url)));
 *
 * What was written is durable only with `appendfsync always`, and is on one machine: after a failover to a
 * replica the last writes may be missing. Then events are handled again, and none is lost, because a
 * cursor never runs ahead of what was handled. The server must evict nothing (`maxmemory-policy noeviction`).
 */
import type { KeyValue } from "./key-value.ts";

/** What is needed of a client. */
export interface RedisClient {
  hmget(key: string, ...fields: string[]): Promise<(string | null)[]>;
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  time(): Promise<(string | number)[]>;
}

/** Runs as one step: nobody reads or writes in between. */
const writeIfUnchanged = `
  local seen = redis.call('HGET', KEYS[1], 'revision') or '0'
  if seen ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'text', ARGV[3])
  if ARGV[4] ~= '' then redis.call('PEXPIREAT', KEYS[1], ARGV[4]) end
  return 1`;

/** Keeps every text in a hash with its revision. */
export function redisKeyValue(client: RedisClient, prefix = "ackloop:"): KeyValue {
  return {
    async read(key) {
      const [text, revision] = await client.hmget(prefix + key, "text", "revision");
      return text && revision ? { text, revision: Number(revision) } : undefined;
    },
    async write(key, { text, revision }, unusedAt) {
      const seen = String(revision - 1);
      const expiry = unusedAt === undefined ? "" : String(Math.ceil(unusedAt));
      const values = [seen, String(revision), text, expiry];
      return (await client.eval(writeIfUnchanged, 1, prefix + key, ...values)) === 1;
    },
    async now() {
      const [seconds, microseconds] = await client.time();
      return Number(seconds) * 1000 + Number(microseconds) / 1000;
    },
  };
}
