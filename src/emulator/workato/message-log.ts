import type { Random } from "../random.ts";

/** A message as a topic holds it. */
export interface HeldMessage {
  /** Its id, which nobody can read a place from. */
  readonly id: string;
  /** When it came, epoch ms of the provider's clock; never before the one ahead of it. */
  readonly at: number;
  /** What goes over the wire. */
  readonly wire: unknown;
}

/** Where a page begins: the first message that is not read yet, by its place in the topic. */
export type Start = number | "unknown";

/** The messages of one topic. */
export interface MessageLog {
  /** Appends a message at a time; `toWire` makes what goes over the wire. */
  append(at: number, toWire: (id: string, time: string) => unknown): HeldMessage;
  /** The message of an id, as long as it is kept. */
  find(id: string): HeldMessage | undefined;
  /** Where the messages behind an id begin. */
  startAfter(id: string): Start;
  /** Where the messages from a time on begin. */
  startAt(time: number, inclusive: boolean): number;
  /** Where the oldest message stands. */
  first(): number;
  /** Where the next message will stand. */
  end(): number;
  /** At most `limit` messages from a place on. */
  page(start: number, limit: number): readonly HeldMessage[];
  /** Lets messages go that came before `time`. */
  expire(time: number): void;
  /** Lets all messages go. */
  purge(): void;
}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Makes the log of one topic. */
export function createMessageLog(random: Random): MessageLog {
  /** `held[0]` stands at the place `base`. */
  let held: HeldMessage[] = [];
  let base = 0;
  const places = new Map<string, number>();

  function newId(): string {
    let id = "";
    while (id.length < 8) id += digits[Math.floor(random() * digits.length)];
    return places.has(id) ? newId() : id;
  }

  function drop(count: number): void {
    for (const { id } of held.slice(0, count)) places.delete(id);
    held = held.slice(count);
    base += count;
  }

  return {
    append(now, toWire) {
      const at = Math.max(now, held.at(-1)?.at ?? now);
      const id = newId();
      const message = { id, at, wire: toWire(id, toTime(at)) };
      places.set(id, base + held.length);
      held.push(message);
      return message;
    },
    find(id) {
      const place = places.get(id);
      return place === undefined ? undefined : held[place - base];
    },
    startAfter(id) {
      const place = places.get(id);
      return place === undefined ? "unknown" : place + 1;
    },
    startAt(time, inclusive) {
      const index = held.findIndex(({ at }) => (inclusive ? at >= time : at > time));
      return base + (index === -1 ? held.length : index);
    },
    first: () => base,
    end: () => base + held.length,
    page: (start, limit) =>
      held.slice(Math.max(start - base, 0), Math.max(start - base, 0) + limit),
    expire(time) {
      const oldest = held[0];
      if (!oldest || oldest.at >= time) return;
      const fresh = held.findIndex(({ at }) => at >= time);
      drop(fresh === -1 ? held.length : fresh);
    },
    purge: () => drop(held.length),
  };
}

/** The form of a message's time: ISO with ms and `+00:00`. */
function toTime(at: number): string {
  return new Date(at).toISOString().replace("Z", "+00:00");
}
