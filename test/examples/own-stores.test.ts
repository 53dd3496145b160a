import { setTimeout as wait } from "node:timers/promises";
import { storeConformance } from "ackloop/testing";
import Redis from "ioredis-mock";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { dynamoKeyValue } from "../../examples/stores/dynamodb.ts";
import { type KeyValue, keyValueStores } from "../../examples/stores/key-value.ts";
import { type RedisClient, redisKeyValue } from "../../examples/stores/redis.ts";
import { type DynamoServer, startDynamo } from "./dynamo-client.ts";

const kinds = ["cursors", "dedupe", "leases"] as const;
// One after the other: Lua in JavaScript holds the thread for longer than some laws wait.
const runner = { describe, it };

/** A harness on two clients of one database. */
function harnessOf(one: KeyValue, other: KeyValue) {
  return { stores: keyValueStores(one), others: keyValueStores(other) };
}

/**
 * What `TIME` gives: seconds and microseconds. The fake server takes them from two clocks, which jumps by
 * up to a second each time that one of them begins a new one.
 */
function timeOf(ms: number): [string, string] {
  return [`${Math.floor(ms / 1000)}`, `${(ms % 1000) * 1000}`];
}

/** A client whose server is as far away as a network, so that calls that race do meet. */
function distant(client: Redis): RedisClient {
  return {
    hmget: (...command) => wait(2).then(() => client.hmget(...command)),
    eval: (...command) => wait(2).then(() => client.eval(...command)),
    time: () => wait(2).then(() => timeOf(Date.now())),
  };
}

// The script runs as Lua, and all clients of one process have the same data.
describe("examples/stores/redis.ts", () => {
  const open = () => redisKeyValue(distant(new Redis()));
  storeConformance(runner, () => harnessOf(open(), open()), kinds);

  it("lets done events leave by themselves, and no place or lease", async () => {
    const client = new Redis();
    const { cursors, dedupe, leases } = keyValueStores(redisKeyValue(client, "expiry:"));
    const key = { consumer: "billing", feed: "orders" };
    const begun = await dedupe.begin({ ...key, identity: "a" }, 60_000, { mark: "mark" });
    await dedupe.finish({ ...key, identity: "a" }, "mark", { retentionMs: 1 });
    await cursors.save(key, "here", 0);
    await leases.acquire(key, "holder", 60_000);

    expect(begun.status).toBe("begun");
    await vi.waitFor(async () => {
      const left = (await client.keys("expiry:*")).map((name) => name.split(":")[1]);
      expect(left.sort()).toEqual(["cursor", "lease"]);
    }, 60_000);
  });
});

describe("examples/stores/dynamodb.ts", () => {
  let server: DynamoServer;
  beforeAll(async () => {
    server = await startDynamo("ackloop");
  });
  afterAll(() => server.close());

  const open = () => dynamoKeyValue(server.client, "ackloop");
  storeConformance(runner, () => harnessOf(open(), open()), kinds);
});
