import { describe, it } from "vitest";
import { discue } from "../../../src/providers/discue/index.ts";

const client = discue({ apiKey: "k" });
const urls = { notifyUrl: "https://myapp.io/n", livenessUrl: "https://myapp.io/l" };

describe("what the documents of discue call mandatory", () => {
  it("D-005 a queue's name suffices", () => {
    (): unknown => client.queues.create({ name: "q" });
  });

  it("D-028 a listener needs a name", () => {
    (): unknown => client.listeners.create("q", { name: "l", ...urls });
    // @ts-expect-error the name is missing
    (): unknown => client.listeners.create("q", urls);
  });

  it("D-029 a listener needs a notify_url", () => {
    // @ts-expect-error the address is missing
    (): unknown => client.listeners.create("q", { name: "l", livenessUrl: "https://myapp.io/l" });
  });

  it("D-030 a listener needs a liveness_url", () => {
    // @ts-expect-error the address is missing
    (): unknown => client.listeners.create("q", { name: "l", notifyUrl: "https://myapp.io/n" });
  });

  it("D-042 a message needs data, and nothing else", () => {
    (): unknown => client.messages.create("q", { data: "x" });
    // @ts-expect-error the data is missing
    (): unknown => client.messages.create("q", { name: "m" });
  });
});
