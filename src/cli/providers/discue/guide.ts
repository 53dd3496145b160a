import type { Guide } from "../../emulator-page/guide.ts";

export const guide: Guide = {
  about:
    "discue calls you. Each message of a queue goes to every listener that was there before it, over HTTP, again and again until the listener answers with success.",
  place: "queue",
  holds: "kept",
  samples: {
    message: { order: "ORDER-1", total: 1 },
    "message with a name": { name: "order", data: '{"order":"ORDER-1","total":1}' },
  },
  calls: { notify: "calls to listeners", "messages.create": "messages of your own programs" },
  read(held) {
    const { id, name, data } = Object(held);
    // One that was sent without a name has one of its id.
    return { type: name === `message-${id}` ? undefined : name, data };
  },
  make: async (command, name) => String((await command("createQueue", { name }))["id"]),
  put: (command, queue, items) => command("publish", { queue, messages: items.map(toMessage) }),
  listen: (command, queue, notifyUrl) => command("createListener", { queue, notifyUrl }),
};

/** What a delivery's body was: the envelope of a message, or the data alone. */
function toMessage(item: unknown): { readonly data: string; readonly name?: string } {
  const { message = item } = Object(item) as { message?: unknown };
  const { data = message, name } = Object(message) as { data?: unknown; name?: unknown };
  return {
    data: typeof data === "string" ? data : JSON.stringify(data),
    ...(typeof name === "string" && { name }),
  };
}
