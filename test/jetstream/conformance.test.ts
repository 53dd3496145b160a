import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LawResult } from "../../src/testing/index.ts";
import { feedConformance } from "../../src/testing/index.ts";
import { connected, natsHint, natsUrl } from "./servers.ts";
import { streamHarness } from "./support.ts";

describe.skipIf(!natsUrl)(`the feed of a JetStream queue${natsHint}`, () => {
  let connection: NatsConnection;
  beforeAll(async () => {
    connection = await connected();
  });
  afterAll(() => connection.close());

  const results: LawResult[][] = [];
  describe("with leases that are ended", () => {
    results.push([
      ...feedConformance({ describe, it, print: console.info }, () =>
        streamHarness(connection, { ack_wait: 60_000 }, true),
      ),
    ]);
  });
});
