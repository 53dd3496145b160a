/** A server of a polling endpoint in memory, and the harness that the conformance kit works with. */
import { toReceipt } from "ackloop";
import { memoryStores } from "ackloop/stores";
import { cursorSide, type FeedHarness, fakeServer } from "ackloop/testing";
import { pollerFeed } from "./poller.ts";

const token = "sk_poll_secret.eu";
const refuse = (status: number, code: string) => Response.json({ code, detail: code }, { status });

/** A log of messages; `undefined` is one that a filter of the endpoint keeps back. */
function createLog() {
  const log: ({ readonly id: string; readonly payload: object } | undefined)[] = [];
  let oldest = 0;
  const toIterator = (at: number) => btoa(`{"offset":${at}}`);
  const toOffset = (iterator: string): number => JSON.parse(atob(iterator)).offset;
  return {
    log,
    toOffset,
    purge: () => {
      oldest = log.length;
    },
    answer(request: Request, query: URLSearchParams): unknown {
      if (request.headers.get("authorization") !== `Bearer ${token}`) {
        return refuse(401, "authentication_failed");
      }
      const iterator = query.get("iterator");
      if (iterator === null) return { data: [], iterator: toIterator(oldest), done: false };
      const at = toOffset(iterator);
      if (at < oldest) return refuse(400, "invalid_iterator");
      const end = Math.min(at + Number(query.get("limit")), log.length);
      const data = log.slice(at, end).filter((message) => message !== undefined);
      return { data, iterator: toIterator(end), done: end === log.length };
    },
  };
}

/** An endpoint, a cursor store, and feeds on both. */
export function pollerHarness(): FeedHarness {
  const maxBodyBytes = 100_000;
  const { log, toOffset, purge, answer } = createLog();
  const server = fakeServer({
    pull: {
      route: "GET /api/v1/app/:app/poller/:sink",
      answer: ({ request, query }) => answer(request, query),
    },
  });
  const idsUpTo = (iterator: string) =>
    log.slice(0, toOffset(iterator)).flatMap((message) => message?.id ?? []);
  const places = cursorSide(memoryStores().cursors, idsUpTo);
  const publish = (facts: object = {}, id = `msg_${log.length}`, eventType = "invoice.paid") => {
    const payload = { invoice: log.length, ...facts };
    log.push(Object.assign({ id, eventType, payload }, { timestamp: new Date().toISOString() }));
    return id;
  };
  const many = (count: number, facts?: object) =>
    Array.from({ length: count }, () => publish(facts));
  return {
    ...server,
    ...places,
    pageSize: 50,
    feed: () =>
      pollerFeed(
        {
          ...{ token, appId: "app_1", sinkId: "poll_1", maxBodyBytes },
          ...{ fetch: server.fetch, retry: { attempts: 1 } },
        },
        { cursor: places.cursor, consumer: "billing" },
      ),
    publish: many,
    payloadOf: (id) => log.find((message) => message?.id === id)?.payload,
    publishId: (id) => publish({}, id),
    publishOdd: (odd) => publish({ odd }),
    publishUnknownType: () => publish({}, undefined, "brand.new"),
    publishUnreadable: () => log.push({ id: "", payload: {} }),
    publishElsewhere: (count) => log.push(...new Array(count)),
    publishLarge: (count) => many(count, { odd: "x".repeat(0.6 * maxBodyBytes) }),
    publishTooLarge: () => publish({ odd: "x".repeat(maxBodyBytes) }),
    expirePlace: purge,
    unknownReceipt: () => toReceipt("a-message-of-nobody"),
    heal() {
      server.heal();
      places.heal();
    },
  };
}
