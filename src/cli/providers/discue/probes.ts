import { randomUUID } from "node:crypto";
import { sleep } from "../../../core/sleep.ts";
import type { assumptions } from "../../../providers/discue/assumptions.ts";
import { variable } from "../../environment.ts";
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
import { serve } from "../../serve.ts";

/** The root with the prefix that the client takes. */
function rootOf({ account, environment }: Probing): string {
  const prefix = variable(environment, "DISCUE_NAMING") === "alias" ? "" : "/v1";
  return `${account.urls[0]}${prefix}`;
}

const nameOf = ({ environment }: Probing): string =>
  variable(environment, "DISCUE_NAMING") === "alias" ? "alias" : "name";

/** The id of what was made. */
const idIn = ({ json }: Answer, member: string): string =>
  String((Object((Object(json) as Record<string, unknown>)[member]) as { id?: unknown }).id);

/** Asks something of a queue that is made for it, and deleted after. */
async function withQueue(
  probing: Probing,
  body: object,
  question: (id: string, made: Answer) => Promise<Finding>,
): Promise<Finding> {
  const root = rootOf(probing);
  const made = await probing.send("POST", `${root}/queues`, body);
  if (made.status >= 300) return fails(`${made.status} to a POST of a queue`, made);
  const id = idIn(made, "queue");
  try {
    return await question(id, made);
  } finally {
    await probing.send("DELETE", `${root}/queues/${id}`);
  }
}

const named = (probing: Probing): object => ({ [nameOf(probing)]: `ackloop-probe-${Date.now()}` });

/** A call that came. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What a listener of its own saw: a message that was deferred once, and then accepted. */
interface Listening {
  readonly path: string;
  readonly calls: readonly Call[];
  /** Those that carried the message. */
  readonly deliveries: readonly Call[];
}

/** How long a repeat, and a repeat after an acceptance, is waited for, in ms. */
const waitMs = 20_000;
const quietMs = 3_000;
/** One for all questions of a run: each would make a queue and wait. */
const listenings = new WeakMap<AbortSignal, Promise<Listening>>();

function listen(probing: Probing): Promise<Listening> {
  const known = listenings.get(probing.signal) ?? listenOnce(probing);
  listenings.set(probing.signal, known);
  return known;
}

async function listenOnce(probing: Probing): Promise<Listening> {
  const { signal, send, port } = probing;
  const mark = randomUUID();
  const calls: Call[] = [];
  const deliveries = (): readonly Call[] => calls.filter(({ text }) => text.includes(mark));
  const served = await serve(async (request) => {
    const url = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    const text = await request.text();
    calls.push({ method: request.method, path: url.pathname + url.search, headers, text });
    const isFirst = deliveries().length === 1 && text.includes(mark);
    return new Response(null, { status: isFirst ? 503 : 200 });
  }, port);
  const address = new URL(probing.url ?? "");
  address.searchParams.set("secret", mark.slice(0, 8));
  const root = rootOf(probing);
  try {
    await withQueue(probing, named(probing), async (id) => {
      const urls = { notify_url: address.href, liveness_url: address.href };
      await send("POST", `${root}/queues/${id}/listeners`, { [nameOf(probing)]: "probe", ...urls });
      await send("POST", `${root}/queues/${id}/messages`, { data: JSON.stringify({ mark }) });
      for (let waited = 0; waited < waitMs && deliveries().length < 2; waited += 200) {
        await sleep(200, signal);
      }
      if (deliveries().length > 0) await sleep(quietMs, signal);
      return open("");
    });
  } finally {
    await served.close();
  }
  return { path: address.pathname + address.search, calls, deliveries: deliveries() };
}

/** A question that a call answers. */
const called = (question: (listening: Listening, first: Call) => Finding) => ({
  writes: true as const,
  needsUrl: true as const,
  async ask(probing: Probing): Promise<Finding> {
    const listening = await listen(probing);
    const [first] = listening.deliveries;
    return first === undefined
      ? open(`no call came within ${waitMs / 1000} s`)
      : question(listening, first);
  },
});

/** Whether a body is one of the forms that the receiver reads. */
function formOf({ text }: Call): string | undefined {
  try {
    const body = Object(JSON.parse(text)) as { message?: { data?: unknown }; data?: unknown };
    if (body.message?.data !== undefined) return "message";
    return body.data === undefined ? "raw" : "data";
  } catch {
    return undefined;
  }
}

const toAnswer = ({ headers, text }: Call): Answer => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // It is none.
  }
  return { status: 0, headers, text, json };
};

/** Questions to a discue account. */
export const probes: Probes<keyof typeof assumptions> = {
  "create-method": {
    writes: true,
    ask: (probing) =>
      withQueue(probing, named(probing), async (_, made) => holds("a POST makes one", made)),
  },
  prefix: {
    async ask(probing) {
      const answer = await probing.send("GET", `${rootOf(probing)}/queues`);
      if (answer.status < 300) return holds("it answers so", answer);
      return answer.status === 404 ? fails("404 so", answer) : open(`${answer.status}`, answer);
    },
  },
  "queue-name": {
    writes: true,
    ask: (probing) => withQueue(probing, {}, async (_, made) => holds("one was made", made)),
  },
  "message-values": {
    writes: true,
    ask: (probing) =>
      withQueue(probing, named(probing), async (id) => {
        const url = `${rootOf(probing)}/queues/${id}/messages`;
        const answer = await probing.send("POST", url, { data: "{}" });
        return answer.status < 300
          ? holds("`data` alone is taken", answer)
          : fails(`${answer.status} to \`data\` alone`, answer);
      }),
  },
  links: "links are never read",
  paging: {
    async ask(probing) {
      const answer = await probing.send("GET", `${rootOf(probing)}/queues?per_page=1&page=1`);
      const { length } = listAt(answer, "queues");
      if (length > 1) return holds(`${length} queues although one was asked for`, answer);
      const all = await probing.send("GET", `${rootOf(probing)}/queues`);
      if (listAt(all, "queues").length > 1) return fails("one, as asked for", answer);
      return open("there are not two queues that would show it", answer);
    },
  },
  "rate-limit": {
    async ask(probing) {
      const answer = await probing.send("GET", `${rootOf(probing)}/queues`);
      const told = Object.keys(answer.headers).filter((name) => name.startsWith("x-ratelimit"));
      if (told.length === 0) return holds("no header of one", answer);
      const isReset = told.includes("x-ratelimit-reset") && !("retry-after" in answer.headers);
      return isReset
        ? fails(`there is ${told.join(", ")}`, answer)
        : holds(told.join(", "), answer);
    },
  },
  scopes: {
    async ask(probing) {
      const answer = await probing.send("GET", `${rootOf(probing)}/api_keys`);
      const scopes = listAt(answer, "api_keys").flatMap(({ scopes: each }) => each ?? []);
      const targets = JSON.stringify(scopes).match(/"targets":("\*"|\["\*"\])/g) ?? [];
      if (targets.length === 0) return open("no key of all targets is listed", answer);
      const isList = targets.every((each) => each.includes("["));
      return isList ? holds('`["*"]`', answer) : fails('`"*"`', answer);
    },
  },
  lockout: "asking would lock every key out",
  times: {
    async ask(probing) {
      const answer = await probing.send("GET", `${rootOf(probing)}/events?events=all`);
      const time = listAt(answer, "events").map((each) => each["stored_at"])[0];
      if (typeof time !== "number") return open("there is no usage event with a time", answer);
      const years = [time, time * 1000].map((each) => new Date(each).getUTCFullYear());
      const near = years.findIndex((year) => Math.abs(year - new Date().getUTCFullYear()) <= 1);
      if (near === -1) return fails("neither unit gives a time of now", answer);
      return holds(near === 0 ? "milliseconds" : "seconds", answer);
    },
  },
  "usage-order": {
    async ask(probing) {
      const url = `${rootOf(probing)}/events?events=all&limit=2`;
      const first = await probing.send("GET", url);
      const last = listAt(first, "events").at(-1);
      if (last === undefined) return open("there are no usage events", first);
      const { stored_at: at, id } = last;
      const query = `startAfter=${at}&startAfterId=${encodeURIComponent(String(id))}`;
      const next = await probing.send("GET", `${url}&${query}`);
      const ids = new Set(listAt(first, "events").map((each) => each["id"]));
      const again = listAt(next, "events").some((each) => ids.has(each["id"]));
      return again ? fails("an event comes twice", next) : holds("it begins behind", next);
    },
  },
  delivery: called((_, first) =>
    ["POST", "PUT"].includes(first.method)
      ? holds(first.method, toAnswer(first))
      : fails(first.method, toAnswer(first)),
  ),
  "body-form": called((_, first) => {
    const form = formOf(first);
    return form === undefined
      ? fails("none of the three", toAnswer(first))
      : holds(`the form "${form}"`, toAnswer(first));
  }),
  "ack-status": called(({ deliveries }) => {
    if (deliveries.length < 2) return fails("503 was not repeated");
    if (deliveries.length > 2) return fails("what was answered 200 came again");
    return holds("503 was repeated, 200 was not");
  }),
  "reply-timeout": "it would take answers that never come",
  redelivery: called(({ deliveries }) =>
    deliveries.length > 1
      ? holds("it came again after a 503")
      : fails(`it did not come again within ${waitMs / 1000} s`),
  ),
  liveness: called(({ calls, deliveries }) => {
    const others = calls.filter((call) => !deliveries.includes(call));
    if (others.length === 0) return open("no check came meanwhile");
    const methods = [...new Set(others.map(({ method }) => method))];
    const isKnown = methods.every((method) => ["GET", "HEAD"].includes(method));
    return isKnown ? holds(methods.join(", ")) : fails(methods.join(", "));
  }),
  signature: called((_, first) => {
    const names = Object.keys(first.headers).filter((name) => /sign|hmac|digest/i.test(name));
    return names.length === 0
      ? holds("no header of one", toAnswer(first))
      : fails(`there is ${names.join(", ")}`, toAnswer(first));
  }),
  address: called(({ path }, first) =>
    first.path === path ? holds("with its path and query") : fails("its path or query differs"),
  ),
  challenge: "it would take a domain of yours, which `domains.create` of the client makes",
};
