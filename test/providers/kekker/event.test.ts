import { CloudEvent, HTTP } from "cloudevents";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { isAckloopError } from "../../../src/core/errors.ts";
import type { FeedEvent } from "../../../src/core/event.ts";
import { fromReceipt } from "../../../src/core/feed.ts";
import { createEventReader, kekkerEvents } from "../../../src/providers/kekker/event.ts";
import { toKekkerWireEvent } from "../../../src/providers/kekker/index.ts";
import { readReceipt } from "../../../src/providers/kekker/receipt.ts";
import guide from "./fixtures/assumed-guide-page.json" with { type: "json" };
import others from "./fixtures/assumed-other-events.json" with { type: "json" };
import documented from "./fixtures/events-page.json" with { type: "json" };

const source = "/kekker/qrm1.kekker.com/demo";
const deal = "ad04c39314184ac0847304fc22eaac75:57af8d5e2cde483b84f761038bd902ff";

function readAll(items: readonly unknown[]) {
  const reader = createEventReader(source);
  return items.map((item, index) => reader.read(item, `data[${index}]`));
}

function readEvent(item: unknown): FeedEvent | undefined {
  return createEventReader(source).read(item, "data[0]").event;
}

describe("the documented page", () => {
  it("becomes these events", () => {
    expect(readAll(documented.data).map(({ event }) => event)).toStrictEqual([
      {
        specversion: "1.0",
        id: "3148a02e-862e-40eb-87af-d214b8e7ba2f",
        source,
        type: "ErrorQueueEvent",
        time: "2020-08-04T06:38:39.28Z",
        subject: "10025",
        data: { objectId: "10025", error: "Unknown client QRM4", category: "Queue" },
      },
      {
        specversion: "1.0",
        id: "1fdb07d4-e260-4e7e-aca9-69db3f0c2658",
        source,
        type: "SuccessQueueEvent",
        time: "2020-08-04T21:41:05.183Z",
        subject: "10023",
        data: { objectId: "10023", dealId: deal, category: "Queue" },
      },
      {
        specversion: "1.0",
        id: "d4eb2098-3890-49c8-8029-729752c57e65",
        source,
        type: "DealUpdated",
        time: "2020-08-04T21:41:05.183Z",
        subject: deal,
        data: { objectId: deal, localObjectId: "3487", category: "Deals" },
      },
      {
        specversion: "1.0",
        id: "d256d4ce-b253-490f-83a9-68195c0f2bbe",
        source,
        type: "SuccessQueueEvent",
        time: "2020-08-04T21:23:14.813Z",
        subject: "10022",
        data: { objectId: "10022", queueId: "10022", dealId: deal, category: "Queue" },
      },
      {
        specversion: "1.0",
        id: "9a51267f-ce6b-4347-90cd-52d72a12c969",
        source,
        type: "DealUpdated",
        time: "2020-08-04T21:23:14.813Z",
        subject: deal,
        data: { objectId: deal, localObjectId: "3487", category: "Deals" },
      },
    ]);
  });

  it("keeps every object as it came, and its id as the receipt", () => {
    const deliveries = readAll(documented.data);

    expect(deliveries.map(({ raw }) => raw)).toStrictEqual(documented.data);
    expect(deliveries.map(({ receipt }) => receipt && readReceipt(receipt).id)).toStrictEqual(
      documented.data.map(({ eventUid }) => eventUid),
    );
  });
});

describe("other pages", () => {
  it("in the guide's spelling become the same kind of events", () => {
    const object = "00000000000000000000000000000001:00000000000000000000000000000002";
    const data = { category: "Deals", objectId: object, localObjectId: "3488" };

    expect(readAll(guide).map(({ event }) => event)).toStrictEqual([
      {
        specversion: "1.0",
        id: "00000000-0000-4000-8000-000000000001",
        source,
        type: "DealCreated",
        time: "2020-08-04T21:41:05.1834567Z",
        subject: object,
        data,
      },
      {
        specversion: "1.0",
        id: "00000000-0000-4000-8000-000000000002",
        source,
        type: "DealUpdated",
        time: "2020-08-04T21:41:06.1834567Z",
        subject: object,
        data,
      },
    ]);
  });

  it("of System, Clients and an unknown category become these events", () => {
    expect(readAll(others.data).map(({ event }) => event)).toStrictEqual([
      {
        specversion: "1.0",
        id: "00000000-0000-4000-8000-000000000011",
        source,
        type: "SystemConfigurationUpdated",
        time: "2020-08-04T21:41:05Z",
        data: { category: "System" },
      },
      {
        specversion: "1.0",
        id: "00000000-0000-4000-8000-000000000012",
        source,
        type: "ClientsListUpdated",
        time: "2020-08-04T21:41:05.2Z",
        subject: "12",
        data: { source: "EXTERNAL", objectId: "12", category: "Clients" },
      },
      {
        specversion: "1.0",
        id: "00000000-0000-4000-8000-000000000013",
        source,
        type: "ContractSigned",
        time: "2020-08-04T21:41:05.2Z",
        subject: "abc",
        data: { objectId: "abc", contractNumber: 7, note: null, category: "Contracts" },
      },
    ]);
  });

  it.each([...documented.data, ...guide, ...others.data])(
    "holds a valid CloudEvent: %o",
    (item) => {
      const event = readEvent(item);

      expect(event).toBeDefined();
      if (event === undefined) return;
      const cloudEvent = new CloudEvent({ ...event });
      expect(cloudEvent.validate()).toBe(true);
      expect(HTTP.toEvent(HTTP.structured(cloudEvent))).toMatchObject({ id: event.id });
      expect(cloudEvent.toJSON()).toMatchObject({ ...event, time: expect.any(String) });
    },
  );

  it.each([...documented.data, ...guide, ...others.data.slice(0, 2)])(
    "holds data that fits the catalogue: %o",
    async (item) => {
      const event = readEvent(item);

      const schema = kekkerEvents[event?.type as keyof typeof kekkerEvents];
      expect(await schema["~standard"].validate(event?.data)).toStrictEqual({ value: event?.data });
    },
  );
});

describe("the type of an event", () => {
  it.each([
    ["Deals", "DealsCreated", "DealCreated"],
    ["deals", "dealsupdated", "DealUpdated"],
    ["Deals", "DEALCREATED", "DealCreated"],
    ["Queue", "Success", "SuccessQueueEvent"],
    ["Queue", "Error", "ErrorQueueEvent"],
    ["Contracts", "Success", "Success"],
    ["Contracts", "DealsCreated", "DealsCreated"],
    [null, "Success", "Success"],
    [undefined, "ErrorQueueEvent", "ErrorQueueEvent"],
    ["Queue", "toString", "toString"],
    ["Queue", "__proto__", "__proto__"],
  ])("of %s %s is %s", (category, event, expected) => {
    expect(readEvent({ eventUid: "a", category, event })?.type).toBe(expected);
  });

  it("is the user's own spelling, where the catalogue was extended by it", () => {
    const events = { DealsCreated: z.object({}), InvoicePaid: z.object({}) };
    const reader = createEventReader(source, events);
    const typeOf = (event: string) =>
      reader.read({ eventUid: "a", category: "Deals", event }, "data[0]").event?.type;

    expect(Object.keys(reader.events)).toStrictEqual([
      ...Object.keys(kekkerEvents),
      ...Object.keys(events),
    ]);
    expect(typeOf("DealsCreated")).toBe("DealsCreated");
    expect(typeOf("DealCreated")).toBe("DealCreated");
    expect(typeOf("invoicepaid")).toBe("InvoicePaid");
  });
});

describe("the data of an event", () => {
  it("has ids as text, past 2^53 too", () => {
    const event = readEvent({
      eventUid: 7,
      event: "SuccessQueueEvent",
      category: "Queue",
      objectId: "9007199254740993",
      localDealId: 146,
      queueId: 12,
      amount: 5,
    });

    expect(event?.id).toBe("7");
    expect(event?.data).toStrictEqual({
      category: "Queue",
      objectId: "9007199254740993",
      localDealId: "146",
      queueId: "12",
      amount: 5,
    });
  });

  it("of Clients and System may have no objectId, and keeps the one it has", () => {
    const clients = { eventUid: "a", event: "ClientsListUpdated", category: "Clients" };
    const system = { eventUid: "b", event: "SystemConfigurationUpdated", objectId: 7 };

    expect(kekkerEvents.ClientsListUpdated["~standard"].validate(readEvent(clients)?.data)).toEqual(
      {
        value: { category: "Clients" },
      },
    );
    expect(readEvent(system)?.data).toEqual({ objectId: "7" });
  });

  it.each([{ queueId: 5 }, { queueId: 5, objectId: null }, { objectId: null, QueueId: 5 }])(
    "takes the queueId of a Queue event for its objectId: %j",
    (members) => {
      const event = readEvent({ eventUid: "a", event: "Success", category: "Queue", ...members });

      expect(event?.data).toStrictEqual({ category: "Queue", objectId: "5", queueId: "5" });
    },
  );

  it("keeps the queueId of another category under its own name", () => {
    const event = readEvent({ eventUid: "a", event: "X", category: "Contracts", queueId: 5 });

    expect(event?.data).toStrictEqual({ category: "Contracts", queueId: "5" });
  });

  it("lacks time and subject where there is none that can be read", () => {
    const event = readEvent({ eventUid: "a", event: "X", timestamp: "soon", objectId: "" });

    expect(event).toStrictEqual({
      specversion: "1.0",
      id: "a",
      source,
      type: "X",
      data: { objectId: "" },
    });
  });

  it("survives odd text", () => {
    const odd = '\u0000"\u2028😀\\ '.repeat(50);

    const event = readEvent({ eventUid: odd, event: odd, category: odd, odd, list: [null, odd] });

    expect(event).toMatchObject({
      id: odd,
      type: odd,
      data: { odd, list: [null, odd], category: odd },
    });
  });
});

describe("a malformed item", () => {
  it.each([
    [{ event: "X" }, "data[3].eventUid", undefined],
    [{ eventUid: "", event: "X" }, "data[3].eventUid", undefined],
    [{ eventUid: {}, event: "X" }, "data[3].eventUid", undefined],
    [{ eventUid: "a" }, "data[3].event", "a"],
    [{ eventUid: "a", event: "" }, "data[3].event", "a"],
    [{ EventUid: "a", event: 5 }, "data[3].event", "a"],
    [{ eventUid: "a", event: "X", category: 5 }, "data[3].category", "a"],
    [{ eventUid: "a", event: "X", timestamp: 5 }, "data[3].timestamp", "a"],
    [null, "data[3]", undefined],
    ["a secret text", "data[3]", undefined],
    [[], "data[3]", undefined],
  ])("%j is unreadable at %s", (item, path, receipt) => {
    const delivery = createEventReader(source).read(item, "data[3]");

    expect(delivery.event).toBeUndefined();
    expect(delivery.raw).toBe(item);
    expect(isAckloopError(delivery.unreadable)).toBe(true);
    expect(delivery.unreadable).toMatchObject({
      code: "schema",
      retryable: false,
      provider: "kekker",
      operation: "pull",
      path,
    });
    expect(delivery.unreadable?.message).not.toContain("secret");
    expect(delivery.receipt && fromReceipt(delivery.receipt)).toBe(receipt);
  });

  it("of version 1.0 is unreadable, never a wrong event", () => {
    const first = { $type: "DealCreatedEvent", eventName: "DealCreatedEvent", eventUid: "a" };

    expect(createEventReader(source).read(first, "data[0]").unreadable?.path).toBe("data[0].event");
  });
});

describe("a wire event", () => {
  it("has the names of the examples, whatever the spelling was", () => {
    const raw = {
      EventId: "e1",
      Category: "Deals",
      Event: "DealsCreated",
      ObjectId: 5,
      extra: true,
    };

    expect(toKekkerWireEvent(raw)).toEqual({
      eventUid: "e1",
      category: "Deals",
      event: "DealsCreated",
      objectId: 5,
      extra: true,
    });
  });

  it.each([[undefined], ["text"], [{}], [{ eventUid: "..", event: "X" }], [{ eventUid: "a" }]])(
    "is none: %j",
    (raw) => {
      expect(toKekkerWireEvent(raw)).toBeUndefined();
    },
  );
});
