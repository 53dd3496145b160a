import type { Feed } from "../../src/core/feed.ts";
import type { Receiver } from "../../src/core/receiver.ts";
import type { CursorStore } from "../../src/core/stores.ts";
import type { Emulator } from "../../src/emulator/definition.ts";
import type { ClientOptions } from "../../src/http/types.ts";

/** A call of a client that is made with these options. */
export type Call = (options: ClientOptions) => unknown;
/** A call, and the reply to it. */
export type Row = readonly [name: string, reply: unknown, call: Call];

/** What the suites that hold for every provider must know of one: `profile` in its `profile.ts`. */
export interface Profile {
  /** Its name as people write it. */
  readonly title: string;
  /** A client with credentials of letters; its groups of calls are members. */
  readonly client: (options: ClientOptions) => object;
  /** Right arguments of the calls that take any, by `group.call`; the first pattern that fits. */
  readonly inputs: readonly (readonly [call: RegExp, ...given: unknown[]])[];
  /** Calls with a good reply. */
  readonly calls: readonly Row[];
  /** Lists, each with a reply that holds nothing but its `items`. */
  readonly lists: readonly (readonly [
    name: string,
    reply: (items: string) => string,
    call: Call,
  ])[];
  /** Calls with the body of an error. */
  readonly failures: readonly Row[];
  /** Every call with ids, by the path as the documents write it: `{id}` in the place of each. */
  readonly paths: readonly PathRow[];
  /** The path that is asked for where an id is optional and not there, by the path with it. */
  readonly pathWithoutId?: Readonly<Record<string, string>>;
  /** A call to each host that the provider has. */
  readonly hosts: readonly (readonly [name: string, call: (options: HostOptions) => unknown])[];
  readonly headers: Headers;
  readonly secrets: (marks: Marks) => Secrets;
  /** Its feed, where it pulls, and pages of its events. */
  readonly feed?: FeedFacts;
  /** Calls that take a signal, and end well. */
  readonly signals: readonly (readonly [
    name: string,
    call: (fetch: typeof globalThis.fetch, signal: AbortSignal) => unknown,
  ])[];
  /** A program of a user's, as it is bundled: what it imports, and the body of `main(given)`. */
  readonly program: ProgramFacts;
}

type HostOptions = ClientOptions & { readonly baseUrl: string };

/** A path, and the calls that ask for it. */
export type PathRow = readonly [
  name: string,
  path: string,
  use: (options: ClientOptions, id: string) => unknown,
];

/** What it puts in headers. */
interface Headers {
  /** Every option whose text ends up in a header, and a call that would send it. */
  readonly options: readonly (readonly [
    name: string,
    use: (text: string, more: ClientOptions) => unknown,
  ])[];
  /** Calls with credentials that no header could hold, and that are sent in another form. */
  readonly encoded?: (evil: string, more: ClientOptions) => readonly (() => unknown)[];
  /** A call, and the headers of it that the user's own cannot replace. */
  readonly own: readonly [call: Call, sent: Readonly<Record<string, string>>];
}

/** Credentials: `mark` for what a header can hold, `plainMark` for letters, digits and dashes. */
export interface Marks {
  readonly mark: string;
  readonly plainMark: string;
}

/** What must never be told. */
export interface Secrets {
  readonly cases: readonly SecretCase[];
  /** What people print. */
  readonly printed: () => readonly unknown[];
  /** Wrong options that hold a credential. */
  readonly wrong: readonly (readonly [name: string, call: () => unknown])[];
  /** Feeds whose pulls may fail, by the way they are authorised. */
  readonly feeds: readonly (readonly [name: string, feed: (options: ClientOptions) => Feed])[];
  /** A receiver whose secret is the plain mark, and a feed of its requests. */
  readonly receiver?: () => Receiver & {
    feed(options: { readonly replyTimeoutMs: number }): {
      readonly fetch: (request: Request) => Promise<Response>;
    };
  };
  /** An emulator, and calls to it with credentials that it takes and refuses. */
  readonly emulator: () => Emulator;
  readonly requests: (options: ClientOptions) => readonly (() => unknown)[];
}

/** Calls by one way of authorisation. */
export interface SecretCase {
  readonly name: string;
  /** Every secret that the requests hold, in the form that they were given. */
  readonly secrets: readonly string[];
  readonly calls: (options: ClientOptions) => readonly (() => unknown)[];
  /** Calls that send the first secret only: no server can repeat what it was not sent. */
  readonly sendFirstOnly?: readonly number[];
}

/** A feed, and what its pages look like. */
interface FeedFacts {
  readonly open: (options: ClientOptions) => Feed;
  readonly item: (id: string) => object;
  readonly page: (items: string) => string;
  /** Ids of events that no ack could name. */
  readonly unackable?: readonly string[];
  /** A feed that keeps its place, and a place as it saves it. */
  readonly place?: {
    readonly saved: object;
    /** Feeds by what they do when the place is gone; the consumer is `c`. */
    readonly open: readonly (readonly [
      policy: string,
      open: (options: ClientOptions, cursor: CursorStore) => Feed,
    ])[];
  };
}

/** A program. */
export interface ProgramFacts {
  /** What it does. */
  readonly name: string;
  /** The names that it imports, by entry. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly prints: (count: number) => unknown;
  /** An emulator with so many events that nobody has read, and what the program is told besides. */
  readonly given: (count: number) => {
    readonly emulator: Emulator;
    readonly more?: Readonly<Record<string, string>>;
  };
}
