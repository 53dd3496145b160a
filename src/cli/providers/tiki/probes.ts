import type { assumptions } from "../../../providers/tiki/assumptions.ts";
import { variable } from "../../environment.ts";
import {
  type Answer,
  fails,
  holds,
  listAt,
  open,
  type Probes,
  type Probing,
} from "../../provider.ts";

const pullUrl = ({ account }: Probing, queue: string): string =>
  `${account.urls[0]}/queues/${encodeURIComponent(queue)}/events/pull`;

/** Pulls the next page, which acknowledges nothing. */
const pull = async (probing: Probing): Promise<Answer> =>
  await probing.send("POST", pullUrl(probing, probing.place ?? ""), { ack_id: null });

const ackIdOf = ({ json }: Answer): unknown => (Object(json) as { ack_id?: unknown }).ack_id;

/** The queue of the questions that write: Tiki deletes none, so it is used again. */
async function ownQueue(probing: Probing): Promise<string> {
  const { account, send, signal } = probing;
  const name = "ackloop-probe";
  const known = (await account.places?.(signal))?.find((each) => each.name === name);
  if (known) return known.id;
  const { json } = await send("POST", `${account.urls[0]}/queues`, { name });
  return String((Object(json) as { code?: unknown }).code);
}

/** Questions to a Tiki account. */
export const probes: Probes<keyof typeof assumptions> = {
  "ack-again": {
    writes: true,
    async ask(probing) {
      const queue = await ownQueue(probing);
      const page = await probing.send("POST", pullUrl(probing, queue), { ack_id: null });
      const ackId = ackIdOf(page);
      if (typeof ackId !== "string" || ackId === "") {
        return open("an empty queue of its own gave no ack_id to send twice", page);
      }
      const url = pullUrl(probing, queue).replace(/pull$/, "ack");
      await probing.send("POST", url, { ack_id: ackId });
      const again = await probing.send("POST", url, { ack_id: ackId });
      if (again.status < 300) return holds(`${again.status} to the second one`, again);
      return fails(`${again.status} to the second one`, again);
    },
  },
  "ack-answer": {
    writes: true,
    async ask(probing) {
      const queue = await ownQueue(probing);
      const ackId = ackIdOf(await probing.send("POST", pullUrl(probing, queue), { ack_id: null }));
      if (typeof ackId !== "string" || ackId === "") return open("there was no ack_id to send");
      const url = pullUrl(probing, queue).replace(/pull$/, "ack");
      const answer = await probing.send("POST", url, { ack_id: ackId });
      const { status } = Object(answer.json) as { status?: unknown };
      if (answer.status < 300 && status === "ok") return holds("it says ok", answer);
      if (answer.text === "") return open("it has no body: whether it acknowledged is not told");
      return fails("it says neither ok nor nothing", answer);
    },
  },
  "empty-page": {
    needsPlace: true,
    async ask(probing) {
      const page = await pull(probing);
      const ackId = ackIdOf(page);
      const has = typeof ackId === "string" && ackId !== "";
      if (listAt(page, "events").length === 0) {
        return holds(`an empty page ${has ? "with" : "without"} an ack_id`, page);
      }
      return has
        ? holds("a page of events has one", page)
        : fails("events without an ack_id", page);
    },
  },
  "behind-empty": "only a queue that hides events shows it",
  "reader-token": {
    needsPlace: true,
    async ask(probing) {
      const page = await pull(probing);
      if (page.status < 300) return holds("the app's own token pulls", page);
      if ([401, 403].includes(page.status)) return fails(`${page.status} to its pull`, page);
      return open(`${page.status} to its pull`, page);
    },
  },
  "basic-form": {
    async ask({ environment }) {
      const names = ["TIKI_CLIENT_ID", "TIKI_CLIENT_SECRET"];
      const isPlain = names.every((name) => /^[\w-]*$/.test(variable(environment, name) ?? ""));
      if (isPlain) return open("this id and secret have no character that would show it");
      if (variable(environment, "TIKI_AUTHENTICATION") === "post") {
        return open("this app sends its secret in the form");
      }
      return holds("a secret of such characters was taken");
    },
  },
  "used-refresh-token": "asking would end the authorisation of a seller",
  "queue-names": {
    async ask({ account, signal, last }) {
      const names = (await account.places?.(signal))?.map(({ name }) => name) ?? [];
      const isTwice = names.some((name, index) => names.indexOf(name) < index);
      if (isTwice) return holds("two queues have one name", last());
      return open("no two have one name, and one that is made for it would stay for ever", last());
    },
  },
  "stock-key": {
    needsPlace: true,
    async ask(probing) {
      const page = await pull(probing);
      const events = listAt(page, "events").filter(({ type, version }) => {
        return type === "PRODUCT_INVENTORY_UPDATED" && version === "v1";
      });
      if (events.length === 0) return open("no such event waits in this queue", page);
      const isRight = events.every(({ payload }) => "product_id" in Object(payload));
      return isRight ? holds("it has one", page) : fails("one has no product_id", page);
    },
  },
};
