import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import { onAbort, reasonOf } from "../core/abort.ts";
import { closedError } from "./error.ts";

/** What one request for messages came to. */
export interface PullAnswer {
  readonly messages: readonly Msg[];
  /** The status that ended it, such as 408; absent where all that was asked for came, or nothing did. */
  readonly status?: number | undefined;
  /** What the server says of the status. */
  readonly told?: string | undefined;
  /** Nothing more came, and no status: the consumer is gone, held up, or far away. */
  readonly isSilent?: true | undefined;
}

export interface PullRequestParts {
  readonly connection: NatsConnection;
  /** Where the request goes to. */
  readonly subject: string;
  /** In the engine's own form. */
  readonly request: { readonly batch: number; readonly no_wait?: true; readonly expires?: number };
  /** How long to listen, in ms. */
  readonly limitMs: number;
  /** Gives back what nobody waits for any more, once the server sends it here no more. */
  readonly giveBack: (messages: readonly Msg[], when: Promise<void>) => void;
  readonly signal: AbortSignal | undefined;
  /** Ends it before its time, and what is on its way still comes. */
  readonly stop?: AbortSignal | undefined;
}

/** How long a server may take to confirm that it sends no more, in ms. */
const DRAIN_MS = 1000;

/**
 * Makes one request for messages, and listens until it is over.
 *
 * However it ends, the server sends no more on it: a request that nobody listens to is dropped. What comes
 * after an abort is given back.
 */
export function requestMessages(parts: PullRequestParts): Promise<PullAnswer> {
  return new Promise((resolve, reject) => new PullRequest(parts, resolve, reject).begin());
}

class PullRequest {
  readonly #parts: PullRequestParts;
  readonly #resolve: (answer: PullAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #messages: Msg[] = [];
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #forget: () => void;
  readonly #forgetStop: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #takenBack: Promise<void> | undefined;
  #isOver = false;

  constructor(
    parts: PullRequestParts,
    resolve: (answer: PullAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    const { connection, signal } = parts;
    this.#parts = parts;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#inbox = `${inboxPrefixOf(connection)}.${crypto.randomUUID().replaceAll("-", "")}`;
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => (error ? this.#fail(error) : this.#take(message)),
    });
    this.#forget = onAbort(signal, () => this.#fail(reasonOf(signal)));
    this.#forgetStop = onAbort(parts.stop, () => this.#giveUp());
    void this.#subscription.closed.then(() => {
      if (connection.isClosed() || connection.isDraining()) this.#fail(closedError("pull"));
    });
  }

  begin(): void {
    const { connection, subject, request, limitMs } = this.#parts;
    this.#timer = setTimeout(() => this.#giveUp(), limitMs);
    connection.publish(subject, JSON.stringify(request), { reply: this.#inbox });
  }

  #take(message: Msg): void {
    const { request } = this.#parts;
    if (message.subject === this.#inbox) {
      this.#takeStatus(message);
    } else if (this.#isOver) {
      this.#giveBack([message]);
    } else {
      this.#messages.push(message);
      if (this.#messages.length === request.batch) this.#end({});
    }
  }

  #takeStatus({ headers }: Msg): void {
    // 100 says that the server is there. One without headers is the server's word that nobody listens.
    if (headers?.code !== 100)
      this.#end({ status: headers?.code ?? 503, told: headers?.description });
  }

  /** What is on its way while the request is taken back still comes. */
  #giveUp(): void {
    const end = () => this.#end({ isSilent: true });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(end, DRAIN_MS);
    void this.#takeBack().then(end);
  }

  /** The server has confirmed that it sends no more when this resolves. */
  #takeBack(): Promise<void> {
    this.#takenBack ??= this.#subscription.drain().catch(() => {});
    return this.#takenBack;
  }

  #giveBack(messages: readonly Msg[]): void {
    this.#parts.giveBack(messages, this.#takeBack());
  }

  #end(how: Omit<PullAnswer, "messages">): void {
    if (!this.#close()) return;
    if (!how.isSilent) this.#subscription.unsubscribe();
    this.#resolve({ messages: this.#messages, ...how });
  }

  #fail(error: unknown): void {
    if (!this.#close()) return;
    this.#giveBack(this.#messages);
    this.#reject(error);
  }

  /** False where it was over already. */
  #close(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#forget();
    this.#forgetStop();
    return true;
  }
}

/** The client keeps what its user said of it, and tells it only to its own packages. */
function inboxPrefixOf(connection: NatsConnection): string {
  const { options } = connection as { readonly options?: { readonly inboxPrefix?: unknown } };
  return typeof options?.inboxPrefix === "string" ? options.inboxPrefix : "_INBOX";
}
