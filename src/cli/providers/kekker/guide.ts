import type { Guide } from "../../emulator-page/guide.ts";

const objectId = `${"1".padStart(32, "0")}:${"1".padStart(32, "0")}`;

export const guide: Guide = {
  about:
    "A node keeps one list of unprocessed events for your channel. Your program lists them and acks each one by its id; what is not acked stays on the list.",
  place: "channel",
  holds: "unprocessed",
  samples: {
    DealCreated: { category: "Deals", event: "DealCreated", objectId, localObjectId: 1 },
    DealUpdated: { category: "Deals", event: "DealUpdated", objectId, localObjectId: 1 },
    SuccessQueueEvent: {
      category: "Queue",
      event: "SuccessQueueEvent",
      objectId: 7,
      dealId: objectId,
    },
    ErrorQueueEvent: {
      category: "Queue",
      event: "ErrorQueueEvent",
      objectId: 7,
      error: "What went wrong",
    },
    ClientsListUpdated: { category: "Clients", event: "ClientsListUpdated", source: "THIS" },
    SystemConfigurationUpdated: { category: "System", event: "SystemConfigurationUpdated" },
  },
  calls: { list: "lists of events", ack: "acks" },
  read(held) {
    const { event: type, eventUid: _, timestamp: __, ...data } = Object(held);
    return { type, data };
  },
  put: (command, channel, events) => command("publish", { channel, events }),
};
