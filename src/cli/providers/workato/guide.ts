import type { Guide } from "../../emulator-page/guide.ts";

export const guide: Guide = {
  about:
    "A topic keeps its messages, and every reader keeps a place of its own: your program consumes what came after the last message that it has stored as done. There is no ack.",
  place: "topic",
  holds: "kept",
  samples: {
    "new order": { order: "ORDER-1", total: 1 },
    "paid order": { order: "ORDER-1", total: 1, paid: true },
  },
  calls: { consume: "consumes", publish: "messages of your own programs" },
  read: (held) => ({ data: Object(held).payload }),
  make: async (command, name) => String((await command("createTopic", { name }))["id"]),
  async put(command, topicId, items) {
    // As published, or as consumed, where the payload is a member beside the message's id.
    const payloads = items.map((item) => {
      const { message_id: isMessage, payload } = Object(item) as Record<string, unknown>;
      return isMessage === undefined ? item : payload;
    });
    await command("publish", { topicId, payloads });
  },
};
