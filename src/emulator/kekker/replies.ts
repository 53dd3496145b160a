import type { KekkerAssumptions } from "./assumptions.ts";
import type { HeldEvent } from "./event-list.ts";
import { writeTime } from "./times.ts";

/** What every answer says, but the one of the proxy that refuses a credential. */
const versions = { "api-supported-versions": "1.0, 2.0" };
const contentType = { "content-type": "application/json; charset=utf-8" };

/** An answer with a body that is sent as it is. */
export function plain(body: string, status = 200): Response {
  return new Response(body === "" ? null : body, {
    status,
    headers: { ...contentType, ...versions },
  });
}

/** An answer with a JSON body; a bigint is written as the number it is. */
export function reply(
  body: unknown,
  memberCase: KekkerAssumptions["memberCase"],
  status = 200,
): Response {
  return plain(writeJson(memberCase === "pascal" ? toPascal(body) : body), status);
}

/** An event as version 2.0 lists it. */
export function toEvent(
  held: HeldEvent,
  { times, idMember }: Pick<KekkerAssumptions, "times" | "idMember">,
): unknown {
  if (held.shown !== undefined) return held.shown;
  const { members, eventUid, event, category, time } = held;
  return { ...members, [idMember]: eventUid, event, category, timestamp: writeTime(time, times) };
}

/** An event as version 1.0 lists it, by its Swagger file: of another shape, for every event. */
export function toFirstVersion({ eventUid, event, members, time }: HeldEvent, open: boolean) {
  const eventName = event.endsWith("Event") ? event : `${event}Event`;
  return {
    $type: eventName,
    eventName,
    eventUid,
    dealUid: members["dealId"] ?? members["objectId"],
    timestamp: writeTime(time, "short"),
    active: open,
  };
}

/** No text of an event begins like this, so what does is a number that JSON cannot be given. */
const bigintMark = "\u0000bigint:";

/** Writes JSON, in which a bigint is a number. */
export function writeJson(body: unknown): string {
  const text = JSON.stringify(body, (_name, value: unknown) =>
    typeof value === "bigint" ? `${bigintMark}${value}` : value,
  );
  return text.replace(/"\\u0000bigint:(-?\d+)"/g, "$1");
}

function toPascal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPascal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.charAt(0).toUpperCase() + name.slice(1),
      toPascal(member),
    ]),
  );
}
