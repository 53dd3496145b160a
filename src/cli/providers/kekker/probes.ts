import type { assumptions } from "../../../providers/kekker/assumptions.ts";
import {
  type Answer,
  fails,
  holds,
  listAt,
  open,
  type Probes,
  type Probing,
} from "../../provider.ts";

type Item = Readonly<Record<string, unknown>>;

const list = (probing: Probing, query = ""): Promise<Answer> =>
  probing.send("GET", `${probing.account.urls[0]}/api/events${query}`);

/** The events of a page, or of a bare list. */
const itemsOf = (answer: Answer): readonly Item[] =>
  Array.isArray(answer.json)
    ? listAt(answer)
    : [...listAt(answer, "data"), ...listAt(answer, "Data")];

/** A member whatever its case. */
function memberOf(item: object, name: string): unknown {
  const key = Object.keys(item).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : (item as Item)[key];
}

const needsEvents = "there is no unprocessed event that shows it";
const idsOf = (answer: Answer) =>
  itemsOf(answer).map((item) => memberOf(item, "eventUid") ?? memberOf(item, "eventId"));
const typesOf = (answer: Answer) => itemsOf(answer).map((item) => String(memberOf(item, "event")));

/** Which of two spellings of a type are there. */
async function spellings(probing: Probing, names: readonly (readonly string[])[]) {
  const answer = await list(probing);
  const types = typesOf(answer);
  const found = names.flat().filter((name) => types.includes(name));
  if (found.length === 0) return open(needsEvents, answer);
  const isBoth = names.some((pair) => pair.every((name) => found.includes(name)));
  const told = found.join(", ");
  return isBoth
    ? open(`both spellings are there: ${told}`, answer)
    : holds(`seen: ${told}`, answer);
}

/** Questions to a Kekker node. */
export const probes: Probes<keyof typeof assumptions> = {
  "reset-zone": {
    writes: true,
    async ask({ account, send }) {
      // Nothing is of that time or later, so nothing comes again.
      const time = new Date(Date.now() + 31_536_000_000).toISOString().replace("Z", "");
      const url = `${account.urls[0]}/api/events/reset/${encodeURIComponent(time)}`;
      const answer = await send("POST", url);
      if (answer.status < 300) return holds("a time without a zone is taken", answer);
      if (answer.status === 400) return fails("400 to a time without a zone", answer);
      return open(`${answer.status} to a time without a zone`, answer);
    },
  },
  "ack-last": "it would take an ack of everything that waits",
  "ack-again": "it would take an ack of an event that waits",
  "object-id": {
    async ask(probing) {
      const answer = await list(probing);
      const events = itemsOf(answer).filter((item) =>
        ["queue", "deals"].includes(String(memberOf(item, "category")).toLowerCase()),
      );
      if (events.length === 0) return open(needsEvents, answer);
      const isRight = events.every((item) => memberOf(item, "objectId") !== undefined);
      return isRight ? holds("each has one", answer) : fails("one has none", answer);
    },
  },
  "list-form": {
    async ask(probing) {
      const answer = await list(probing);
      if (Array.isArray(answer.json)) return holds("a bare array", answer);
      const data = memberOf(Object(answer.json), "data");
      return Array.isArray(data) ? holds("a page", answer) : fails("something else", answer);
    },
  },
  "list-order": {
    async ask(probing) {
      const answer = await list(probing);
      const times = itemsOf(answer).map((item) => String(memberOf(item, "timestamp")));
      if (times.length < 2) return open(needsEvents, answer);
      const isInOrder = times.every((time, index) => time >= (times[index - 1] ?? ""));
      return holds(
        isInOrder ? "this one is in order of time" : "it is in no order of time",
        answer,
      );
    },
  },
  "page-size": {
    async ask(probing) {
      const first = await list(probing, "?pageNumber=1&pageSize=1000");
      const count = itemsOf(first).length;
      const total = Number(memberOf(Object(first.json), "totalRecords"));
      if (count >= 1000 || count === 0 || !(total > count)) return open(needsEvents, first);
      const next = await list(probing, `?pageNumber=2&pageSize=${count}`);
      const ids = new Set(idsOf(first));
      const isNext = idsOf(next).length > 0 && idsOf(next).every((id) => !ids.has(id));
      const told = `a page is cut to ${count}`;
      return isNext ? holds(`${told}, and the next follows it`, next) : fails(told, next);
    },
  },
  "page-said": {
    async ask(probing) {
      const first = await list(probing, "?pageNumber=1&pageSize=1");
      const second = await list(probing, "?pageNumber=2&pageSize=1");
      const total = Number(memberOf(Object(first.json), "totalRecords"));
      const isMore = itemsOf(second).length > 0 && idsOf(second)[0] !== idsOf(first)[0];
      if (!isMore) return open("there is no second event that would show it", first);
      if (total === 1) return fails("events stand behind a page that says that it is all", first);
      return holds(
        `a page of one says ${Number.isNaN(total) ? "nothing" : `${total} of all`}`,
        first,
      );
    },
  },
  names: {
    async ask(probing) {
      const answer = await list(probing);
      if (itemsOf(answer).length === 0) return open(needsEvents, answer);
      const isRead = idsOf(answer).every((id) => typeof id === "string");
      return isRead ? holds("every id is read", answer) : fails("an id has another name", answer);
    },
  },
  "queue-types": {
    ask: (probing) =>
      spellings(probing, [
        ["SuccessQueueEvent", "Success"],
        ["ErrorQueueEvent", "Error"],
      ]),
  },
  "deal-types": {
    ask: (probing) =>
      spellings(probing, [
        ["DealCreated", "DealsCreated"],
        ["DealUpdated", "DealsUpdated"],
      ]),
  },
  "time-form": {
    async ask(probing) {
      const answer = await list(probing);
      const times = itemsOf(answer).map((item) => String(memberOf(item, "timestamp")));
      if (times.length === 0) return open(needsEvents, answer);
      const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?(Z|[+-]\d{2}:\d{2})?$/;
      const odd = times.find((time) => !form.test(time));
      const zone = times.some((time) => /Z$|[+-]\d{2}:\d{2}$/.test(time)) ? "with" : "without";
      return odd === undefined ? holds(`${zone} a zone`, answer) : fails("of another form", answer);
    },
  },
  "ack-reply-form": "it would take an ack of an event that waits",
  "reset-scope": "it would take a reset of what was acknowledged",
};
