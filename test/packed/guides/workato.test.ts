import { expect, it } from "vitest";
import * as z from "zod/mini";
import { firstEvent, walkFirstEvent } from "./first-event.ts";
import { packed, walkPage } from "./page.ts";

const { workatoEmulator } = await packed("ackloop/emulator");
const { memoryStores } = await packed("ackloop/stores");
const { workato } = await packed("ackloop/workato");

walkFirstEvent("docs/providers/workato.md");

/** A client of an emulator with one topic, which has the number that the page names. */
function made(fields: readonly object[] = []) {
  const emulator = workatoEmulator();
  const { token, baseUrl } = emulator.connection("https://workato.test");
  const topic = emulator.createTopic("orders", { schema: fields } as never);
  const client = workato({ token, baseUrl, fetch: emulator.fetch });
  return { emulator, topic, client, cursor: memoryStores().cursors, consumer: "billing" };
}

await walkPage(
  "docs/providers/workato.md",
  {
    Types: [
      async ({ run }) => {
        const { emulator, topic, ...given } = made([{ name: "order", type: "string" }]);
        emulator.publish(topic, [{ order: "7" }]);

        const { feed } = await run(given);

        expect((await feed.pull()).deliveries[0].event).toMatchObject({
          type: "message",
          data: { order: "7" },
        });
      },
      async ({ run }) => {
        const { emulator, topic, ...given } = made();
        emulator.publish(topic, [{ kind: "placed", order: "7" }]);
        const [OrderPlaced, OrderPaid] = [z.looseObject({ order: z.string() }), z.looseObject({})];

        const { feed } = await run({ ...given, OrderPlaced, OrderPaid });

        expect((await feed.pull()).deliveries[0].event).toMatchObject({ type: "placed" });
      },
    ],
  },
  firstEvent,
);

it("names a feed by its region, whatever its addresses are", () => {
  const { cursor, consumer } = made();
  const nameOf = (options: object) =>
    workato({ token: "t", ...options }).feed(1, { cursor, consumer }).name;
  const streamsUrl = "https://streams.example/api/v1";

  expect(nameOf({ region: "eu", streamsUrl })).toBe(nameOf({ region: "eu" }));
  expect(nameOf({ streamsUrl })).not.toBe(nameOf({ region: "eu" }));
});
