import { ask } from "../../core/guard.ts";
import type { Ear } from "../bell.ts";
import type { PostgresDatabase } from "./database.ts";

/**
 * Listens on a channel until the function that it resolves to is called.
 *
 * @param onLost Called when nothing is heard any more.
 */
type Listen = (
  channel: string,
  onNotice: (notice: string) => void,
  onLost: () => void,
) => Promise<() => void>;

/** How long a connection may take to be had and to listen, and a notice to be heard, in ms. */
const LIMIT_MS = 3000;
/** How long it stays open when nobody waits, in ms, for who comes back at once. */
const LINGER_MS = 1000;
/** How often it is tried whether it still hears, in ms. */
const CHECK_MS = 60_000;
/** When it is tried again after it has failed, in ms: the first time, and at the most. */
const AGAIN_MS = Object.freeze({ first: 1000, most: 60_000 });
/** The same where it listens and hears nothing, as behind PgBouncer in transaction mode. */
const DEAF_AGAIN_MS = 600_000;

export interface EarParts {
  readonly database: PostgresDatabase;
  readonly channel: string;
  /** Sends a notice through the database itself. */
  readonly send: (notice: string) => Promise<unknown>;
  readonly onNotice: (notice: string) => void;
}

/** The ear of a database; `undefined` where its driver cannot listen. */
export function earOf(parts: EarParts): Ear | undefined {
  const { database } = parts;
  const listen = database.listen ? ownListen(database) : poolListen(database);
  return listen && new PostgresEar(parts, listen);
}

/**
 * One connection that listens for all who wait, and none while nobody does.
 *
 * It hears only when it has heard a notice of its own: a pooler may take the word and drop it. So it is tried
 * again each minute, for a connection that has silently gone.
 */
class PostgresEar implements Ear {
  readonly #parts: EarParts;
  readonly #listen: Listen;
  readonly #waiting = new Set<() => void>();
  readonly #tried = new Map<string, () => void>();
  #close: (() => void) | undefined;
  #isBusy = false;
  #notBefore = Number.NEGATIVE_INFINITY;
  #againMs: number = AGAIN_MS.first;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  isOpen = false;

  constructor(parts: EarParts, listen: Listen) {
    this.#parts = parts;
    this.#listen = listen;
  }

  enter(onChange: () => void): (isLast: boolean) => void {
    this.#waiting.add(onChange);
    clearTimeout(this.#lingering);
    void this.#tend();
    return (isLast) => {
      this.#waiting.delete(onChange);
      // What is being tried ends itself when it is through.
      if (this.#waiting.size > 0 || this.#isBusy) return;
      if (isLast) this.#end();
      else this.#lingering = setTimeout(() => this.#end(), LINGER_MS);
    };
  }

  /** Opens it, or tries whether it still hears, where either is due. */
  async #tend(): Promise<void> {
    if (this.#isBusy || performance.now() < this.#notBefore) return;
    this.#isBusy = true;
    this.#close ??= await this.#open();
    const close = this.#close;
    const outcome = close === undefined ? "failed" : await this.#try();
    this.#isBusy = false;
    if (close !== undefined && close !== this.#close) return;
    if (outcome === "deaf") this.#lose(DEAF_AGAIN_MS);
    else if (outcome === "failed") this.#lose(this.#againMs);
    else {
      this.#againMs = AGAIN_MS.first;
      this.#notBefore = performance.now() + CHECK_MS;
      this.#change(true);
    }
    if (this.#waiting.size === 0) this.#end();
  }

  async #open(): Promise<(() => void) | undefined> {
    const { channel } = this.#parts;
    let isLost = false;
    const onLost = (): void => {
      isLost = true;
      this.#lose(AGAIN_MS.first);
    };
    const opened = await ask<() => void>(
      {
        what: "listen",
        limitMs: LIMIT_MS,
        // Nobody waits for it any more.
        onLate: (late) => {
          if (late.kind === "answered") late.value();
        },
      },
      () => this.#listen(channel, (notice) => this.#hear(notice), onLost),
    );
    return opened.kind === "answered" && !isLost ? opened.value : undefined;
  }

  /** Sends a notice, and waits until it is heard. */
  async #try(): Promise<"heard" | "deaf" | "failed"> {
    const notice = `?${crypto.randomUUID()}`;
    const own = new AbortController();
    const hearing = ask(
      { what: "listen", limitMs: LIMIT_MS, own },
      () => new Promise<void>((hear) => this.#tried.set(notice, hear)),
    );
    const sent = await ask({ what: "listen", limitMs: LIMIT_MS }, () => this.#parts.send(notice));
    if (sent.kind !== "answered") own.abort();
    const heard = await hearing;
    this.#tried.delete(notice);
    if (heard.kind === "answered") return "heard";
    return sent.kind === "answered" ? "deaf" : "failed";
  }

  #hear(notice: string): void {
    const hear = this.#tried.get(notice);
    if (hear) hear();
    else this.#parts.onNotice(notice);
  }

  #lose(againMs: number): void {
    this.#notBefore = performance.now() + againMs;
    this.#againMs = Math.min(AGAIN_MS.most, this.#againMs * 2);
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#lingering);
    this.#close?.();
    this.#close = undefined;
    this.#change(false);
  }

  #change(isOpen: boolean): void {
    if (isOpen === this.isOpen) return;
    this.isOpen = isOpen;
    // Who comes next opens it at once.
    if (!isOpen && this.#waiting.size === 0) this.#notBefore = Number.NEGATIVE_INFINITY;
    for (const onChange of this.#waiting) onChange();
  }
}

function ownListen(database: PostgresDatabase): Listen {
  return async (channel, onNotice) => {
    const unlisten = await database.listen?.(channel, onNotice);
    return () => void unlisten?.().catch(() => {});
  };
}

/** A client of pg's Pool, as far as it listens. */
interface PoolClient {
  query(text: string): Promise<unknown>;
  on(event: string, listener: (told?: { readonly payload?: string }) => void): unknown;
  off(event: string, listener: (told?: { readonly payload?: string }) => void): unknown;
  release(isBroken: boolean): void;
}

/** Takes a client of pg's Pool, or of one like it; of a pool of one it would be the only one. */
function poolListen(database: PostgresDatabase): Listen | undefined {
  const pool = database as {
    readonly connect?: () => Promise<PoolClient>;
    readonly totalCount?: unknown;
    readonly options?: { readonly max?: unknown };
  };
  if (typeof pool.connect !== "function" || typeof pool.totalCount !== "number") return undefined;
  if (!(Number(pool.options?.max ?? 2) > 1)) return undefined;
  return async (channel, onNotice, onLost) => {
    const client = await pool.connect?.();
    if (client === undefined) throw new TypeError("connect: no client");
    const hear = (told?: { readonly payload?: string }): void => onNotice(told?.payload ?? "");
    const end = (isBroken: boolean): void => {
      client.off("notification", hear);
      client.off("error", lose);
      client.off("end", lose);
      client.release(isBroken);
    };
    let isOver = false;
    const lose = (): void => {
      if (isOver) return;
      isOver = true;
      end(true);
      onLost();
    };
    client.on("notification", hear);
    client.on("error", lose);
    client.on("end", lose);
    const close = async (): Promise<void> => {
      if (isOver) return;
      isOver = true;
      const limits = { what: "unlisten", limitMs: LIMIT_MS };
      const ended = await ask(limits, () => client.query(`unlisten ${channel}`));
      end(ended.kind !== "answered");
    };
    try {
      await client.query(`listen ${channel}`);
    } catch (error) {
      await close();
      throw error;
    }
    return () => void close();
  };
}
