import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { feedConformance, feedLaws, tryLaw } from "../../src/testing/feed-conformance.ts";
import type { LawResult } from "../../src/testing/index.ts";
import { apart } from "../testing/apart.ts";
import { connected, natsHint, natsUrl } from "./servers.ts";
import { streamHarness } from "./support.ts";

/** Laws of other kinds of feeds, or of what no engine of messages has. */
const untested = ["A7", "B11", "B12", "C6", "H2b", "I1", "Q2"];

describe.skipIf(!natsUrl)(`the feed of a JetStream queue${natsHint}`, () => {
  let connection: NatsConnection;
  beforeAll(async () => {
    connection = await connected();
  });
  afterAll(() => connection.close());

  const results: readonly LawResult[] = feedConformance({ describe, it, print: () => {} }, () =>
    streamHarness(connection, { ack_wait: 60_000 }, true),
  );

  describe("with partitions", () => {
    feedConformance({ describe, it, print: () => {} }, () =>
      streamHarness(connection, { ack_wait: 60_000 }, true, apart(32)),
    );
  });

  it("leaves out no law that it could keep", () => {
    const left = results.filter(({ verdict }) => verdict === "notTestable").map(({ id }) => id);

    expect(left.sort()).toEqual(untested);
  });

  it.each(feedLaws["leasing"] ?? [])(
    "by leases that end in their time: $id, $title",
    async (law) => {
      const told = { ack_wait: 900 };

      const result = await tryLaw(law, () => streamHarness(connection, told, false));

      expect(result).toMatchObject({ verdict: "kept" });
    },
  );
});
