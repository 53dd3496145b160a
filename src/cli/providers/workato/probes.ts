import type { assumptions } from "../../../providers/workato/assumptions.ts";
import {
  type Answer,
  type Finding,
  fails,
  holds,
  listAt,
  open,
  type Probes,
  type Probing,
} from "../../provider.ts";

const consume = ({ account, send, place }: Probing, body: object): Promise<Answer> =>
  send("POST", `${account.urls[0]}/topics/${encodeURIComponent(place ?? "")}/consume`, body);

const topicsOf = ({ account }: Probing): string => `${account.urls[1]}/event_streams/topics`;

const needsMessages = "there is no message in this topic that shows it";

/** The member `data` of a topic's answer. */
function topicIn({ json }: Answer): Readonly<Record<string, unknown>> {
  return Object((Object(json) as { data?: unknown }).data) as Record<string, unknown>;
}

const field = (name: string): object => ({
  ...{ control_type: "text", label: name, name },
  ...{ optional: true, type: "string" },
});

/** Asks something of a topic that is made for it, and deleted after. */
async function withTopic(
  probing: Probing,
  question: (id: string) => Promise<Finding>,
): Promise<Finding> {
  const { send } = probing;
  const name = `ackloop-probe-${Date.now()}`;
  const body = { name, schema: [field("order")], retention: 86_400 };
  const made = await send("POST", topicsOf(probing), body);
  const { id } = topicIn(made);
  if (id === undefined) return open(`no topic could be made: ${made.status}`, made);
  try {
    return await question(String(id));
  } finally {
    await send("DELETE", `${topicsOf(probing)}/${id}`);
  }
}

/** Publishes a batch into a topic of its own. */
const withBatch = (
  probing: Probing,
  question: (answer: Answer, read: Answer) => Finding,
): Promise<Finding> =>
  withTopic(probing, async (id) => {
    const url = `${probing.account.urls[0]}/batch/topics/${id}/publish`;
    const payloads = [{ order: "1" }, { order: "2" }, { order: "3" }];
    const answer = await probing.send("POST", url, { payloads });
    return question(answer, await consume({ ...probing, place: id }, {}));
  });

/** Questions to a Workato workspace. */
export const probes: Probes<keyof typeof assumptions> = {
  "unknown-cursor": {
    needsPlace: true,
    async ask(probing) {
      const answer = await consume(probing, { after_message_id: "ackloop-no-such-message" });
      if ([400, 404, 410, 422].includes(answer.status)) return holds(`${answer.status}`, answer);
      const all = await consume(probing, {});
      if (answer.status < 300 && listAt(answer, "messages").length === 0) {
        return holds("emptiness", answer);
      }
      const isOldest = answer.text === all.text;
      return fails(isOldest ? "the oldest messages" : `${answer.status}`, answer);
    },
  },
  "since-inclusive": {
    needsPlace: true,
    async ask(probing) {
      const [first] = listAt(await consume(probing, { batch_size: 1 }), "messages");
      if (first === undefined) return open(needsMessages);
      const answer = await consume(probing, { since_time: first["time"], batch_size: 50 });
      const ids = listAt(answer, "messages").map((each) => each["message_id"]);
      return holds(ids.includes(first["message_id"]) ? "it does" : "it does not", answer);
    },
  },
  "one-odd-message": {
    needsPlace: true,
    async ask(probing) {
      const answer = await consume(probing, {});
      const messages = listAt(answer, "messages");
      if (messages.length === 0) return open(needsMessages, answer);
      const odd = messages.filter(({ message_id: id, payload, time }) => {
        const isObject = typeof payload === "object" && payload !== null;
        return typeof id !== "string" || !isObject || Number.isNaN(Date.parse(String(time)));
      });
      if (odd.length === messages.length) return fails("no message has all three", answer);
      return holds(`${odd.length} of ${messages.length} lack one of the three`, answer);
    },
  },
  "retention-left-out": {
    writes: true,
    ask: (probing) =>
      withTopic(probing, async (id) => {
        const url = `${topicsOf(probing)}/${id}`;
        await probing.send("PUT", url, { description: "ackloop probe" });
        const answer = await probing.send("GET", url);
        const { retention } = topicIn(answer);
        if (retention === 604_800) return holds("the default was set", answer);
        return fails(`it is ${retention} s, as it was`, answer);
      }),
  },
  "updated-schema": {
    writes: true,
    ask: (probing) =>
      withTopic(probing, async (id) => {
        const url = `${topicsOf(probing)}/${id}`;
        await probing.send("PUT", url, { schema: [field("total")] });
        const answer = await probing.send("GET", url);
        const { schema } = topicIn(answer);
        const names = Array.isArray(schema) ? schema.map(({ name }) => name) : [];
        const isReplaced = names.length === 1 && names[0] === "total";
        return isReplaced ? holds("they replace it", answer) : fails(names.join(", "), answer);
      }),
  },
  "topic-pages": {
    async ask(probing) {
      const answer = await probing.send("GET", topicsOf(probing));
      const { count } = Object(answer.json) as { count?: unknown };
      const { length } = listAt(answer, "data");
      if (count === length) return holds(`all ${length} in one answer`, answer);
      const next = await probing.send("GET", `${topicsOf(probing)}?page=2&per_page=${length}`);
      const ids = new Set(listAt(answer, "data").map(({ id }) => id));
      const isNew = listAt(next, "data").some(({ id }) => !ids.has(id));
      if (isNew) return holds(`${length} of ${count}, and page 2 has others`, next);
      return fails(`${length} of ${count}, and page 2 has no other`, next);
    },
  },
  "field-left-out": {
    writes: true,
    ask: (probing) =>
      withTopic(probing, async (id) => {
        const schema = [{ name: "total" }];
        const answer = await probing.send("PUT", `${topicsOf(probing)}/${id}`, { schema });
        return answer.status < 300
          ? holds("a name is enough", answer)
          : fails(`${answer.status} to a field of a name alone`, answer);
      }),
  },
  "done-answer": {
    writes: true,
    ask: (probing) =>
      withTopic(probing, async (id) => {
        const answer = await probing.send("PUT", `${topicsOf(probing)}/${id}/purge`);
        const { Success } = Object(answer.json) as { Success?: unknown };
        const isKnown = topicIn(answer)["status"] === "success" || Success === true;
        return isKnown ? holds("one of the two", answer) : fails("something else", answer);
      }),
  },
  "batch-result": {
    writes: true,
    ask: (probing) =>
      withBatch(probing, (answer, read) => {
        const { message_ids: items } = Object(answer.json) as { message_ids?: object };
        const given = Object.values(items ?? {}) as { message_id?: string; result?: string }[];
        const ids = listAt(read, "messages").map((each) => each["message_id"]);
        const isRight = given.length > 0 && given.every((each) => ids.includes(each.message_id));
        const results = [...new Set(given.map(({ result }) => result))].join(", ");
        if (isRight) return holds(`each with an id is in the topic; result: ${results}`, answer);
        return fails("an id is not in the topic", answer);
      }),
  },
  "batch-order": {
    writes: true,
    ask: (probing) =>
      withBatch(probing, (answer, read) => {
        const { message_ids: items } = Object(answer.json) as { message_ids?: object };
        const given = Object.values(items ?? {}) as { message_id?: string }[];
        const orders = given.map(({ message_id: id }) => {
          const message = listAt(read, "messages").find((each) => each["message_id"] === id);
          return Object(message?.["payload"]).order;
        });
        const isRight = orders.join() === "1,2,3";
        return isRight ? holds("that of the payloads", answer) : fails("another", answer);
      }),
  },
  "field-values": {
    needsPlace: true,
    async ask(probing) {
      const { send, place } = probing;
      const topic = await send("GET", `${topicsOf(probing)}/${place}`);
      const { schema } = topicIn(topic);
      const answer = await consume(probing, {});
      const messages = listAt(answer, "messages");
      if (!Array.isArray(schema) || messages.length === 0) return open(needsMessages, topic);
      const { topicSchema } = await import("ackloop/workato");
      const checked = topicSchema(schema)["~standard"];
      const results = await Promise.all(messages.map(({ payload }) => checked.validate(payload)));
      const odd = results.filter(({ issues }) => issues !== undefined).length;
      const told = `${messages.length - odd} of ${messages.length} fit their topic's schema`;
      return odd === 0 ? holds(told, answer) : fails(told, answer);
    },
  },
  "streams-rate": "asking would use up the minute of every reader",
  "server-clock": {
    needsPlace: true,
    async ask(probing) {
      const future = new Date(Date.now() + 86_400_000).toISOString();
      const answer = await consume(probing, { since_time: future });
      const date = Date.parse(answer.headers["date"] ?? "");
      if (Number.isNaN(date)) return fails("it sends no Date", answer);
      if (answer.status >= 300) return fails(`${answer.status} to a time to come`, answer);
      return holds("a time to come is taken, and the answer has its Date", answer);
    },
  },
  "token-place": "it would take a token to a data centre that it is not for",
};
