import type { ClientCallOptions, ClientOptions } from "../../http/types.ts";
import type { DiscueCreateReceiver } from "./receiver.ts";
import type { DiscueDomainChallenge } from "./receiver-options.ts";

/** The options of {@link discue}. */
export interface DiscueOptions extends ClientOptions {
  /** The API key, or a function that gives it for each call. It decides the organisation. */
  readonly apiKey: string | (() => string | Promise<string>);
  /**
   * Which of the two documented models the API speaks: `"name"` of the reference, or `"alias"` of the
   * vendor's own client of 2026, which wants 4 to 64 characters of `a-zA-Z0-9._-`. The library says
   * `name` in both. @default "name"
   */
  readonly naming?: "name" | "alias" | undefined;
  /**
   * How queues, listeners and messages are created. The reference has POST, the getting-started page PUT;
   * which of them an account takes is not documented. @default "POST"
   */
  readonly createBy?: "POST" | "PUT" | undefined;
  /**
   * Reads every list in pages of so many, 1 to 100, by `page` and `per_page`: discue announces them, ten
   * for each page by default, and says that they are not there yet. A server that does not know them is
   * asked once or twice, and its list is whole. @default one request for each list
   */
  readonly pageSize?: number | undefined;
  /** What stands before every path. @default "/v1" with `naming: "name"`, "" with `"alias"` */
  readonly prefix?: "" | `/${string}` | undefined;
}

/** A queue. */
export interface DiscueQueue {
  /** Opaque. */
  readonly id: string;
  readonly name?: string | undefined;
  /** The rules its messages must follow, where the reply has them. */
  readonly schema?: DiscueMessageSchema | undefined;
  /** Its listeners by id and name, where the reply has them. */
  readonly listeners?: readonly DiscueReference[] | undefined;
}

/** The rules for the data of a queue's messages: a JSON object, property by property. */
export type DiscueMessageSchema = Readonly<Record<string, DiscueSchemaRule>>;

/** One rule of a {@link DiscueMessageSchema}. `required` is true unless it says false. */
export type DiscueSchemaRule =
  | {
      readonly type: "object";
      readonly props: DiscueMessageSchema;
      readonly required?: boolean | undefined;
      /** Whether properties that are not in `props` are refused. @default true */
      readonly strict?: boolean | undefined;
    }
  | {
      readonly type: "array";
      readonly items: DiscueSchemaRule;
      readonly required?: boolean | undefined;
    }
  | {
      readonly type: "string";
      readonly pattern?: string | undefined;
      readonly enum?: readonly string[] | undefined;
      readonly min?: number | undefined;
      readonly max?: number | undefined;
      readonly required?: boolean | undefined;
    }
  | {
      readonly type: "number";
      readonly min?: number | undefined;
      readonly max?: number | undefined;
      readonly required?: boolean | undefined;
    };

/** What a queue is made of. */
export interface DiscueQueueInput {
  /** A name no other queue has; a second one is refused as `request` with status 422. */
  readonly name?: string | undefined;
  readonly schema?: DiscueMessageSchema | undefined;
}

/** A listener: the address of a webhook. Creating and changing one give `id` and `name` alone. */
export interface DiscueListener {
  /** Opaque. */
  readonly id: string;
  readonly name?: string | undefined;
  readonly notifyUrl?: string | undefined;
  readonly livenessUrl?: string | undefined;
  /** Newer model only. */
  readonly status?: string | undefined;
  readonly liveness?:
    | {
        /** Only `"stable"` is documented. */
        readonly state?: string | undefined;
        readonly successCount: number;
        /** Epoch ms. */
        readonly lastSuccessAt?: number | undefined;
        readonly failureCount: number;
        /** Epoch ms. */
        readonly lastFailureAt?: number | undefined;
        /** The HTTP status. */
        readonly lastFailureStatus?: number | undefined;
        /** In discue's words; its page shows a number there. */
        readonly lastFailureMessage?: string | undefined;
      }
    | undefined;
  readonly messages?:
    | {
        readonly acknowledgedCount: number;
        /** Epoch ms. */
        readonly lastSuccessAt?: number | undefined;
        /** Epoch ms. */
        readonly lastFailureAt?: number | undefined;
        /** The ids of the messages that it missed. */
        readonly missed: readonly string[];
        readonly missedCount: number;
      }
    | undefined;
}

/** What a listener is made of. It gets only messages that are stored after it. */
export interface DiscueListenerInput {
  readonly name: string;
  /** Where messages go. Without user name and password; put the receiver's secret in it. */
  readonly notifyUrl: string;
  /** What discue calls to see whether the listener lives. */
  readonly livenessUrl: string;
}

/** A message. The API never gives its data back. */
export interface DiscueMessage {
  /** Opaque. */
  readonly id: string;
  readonly name?: string | undefined;
}

/** What a message is made of. */
export interface DiscueMessageInput {
  readonly name?: string | undefined;
  /**
   * discue takes a string and sends it on as it is. A string goes out untouched; any other value goes
   * out as its JSON, so that an object, a list, a number, a boolean or null arrives as it was given.
   * A string that happens to be JSON is parsed by our receiver, unless it has `parseData: false`.
   */
  readonly data: unknown;
}

/** Counters by name, such as `message_added`; the names are discue's. */
export type DiscueCounters = Readonly<Record<string, number>>;

/** How many messages there were. */
export interface DiscueMessageStats {
  readonly last24Hours: DiscueCounters;
  readonly lastHour: DiscueCounters;
  /** Since midnight, of a time zone that is not documented. */
  readonly todaySoFar: DiscueCounters;
}

/** What usage events are about. */
export type DiscueUsageEventKind = "all" | "api_keys" | "listeners" | "messages" | "queues";

/** Which usage events are wanted. */
export interface DiscueUsageEventQuery extends ClientCallOptions {
  /** @default "all" */
  readonly events?: DiscueUsageEventKind | undefined;
  /** How many at most. */
  readonly limit?: number | undefined;
  /** Only those behind this one; both facts of it are needed. */
  readonly after?: { readonly id: string; readonly storedAt: string } | undefined;
}

/** Which usage events are wanted, and how many at once. */
export interface DiscueUsageEventStreamQuery extends DiscueUsageEventQuery {
  /** How many a request asks for. @default discue's own number */
  readonly pageSize?: number | undefined;
}

/** Names a thing. */
export interface DiscueReference {
  readonly id: string;
  readonly name?: string | undefined;
}

/** One thing that happened in the organisation in the last 24 hours. */
export interface DiscueUsageEvent {
  readonly id: string;
  readonly type?: string | undefined;
  /** RFC 3339, UTC. */
  readonly storedAt?: string | undefined;
  /** What it is about. */
  readonly client?: DiscueReference | undefined;
  readonly message?: DiscueReference | undefined;
  readonly apiKey?: DiscueReference | undefined;
  readonly queue?: DiscueReference | undefined;
  readonly listener?: DiscueReference | undefined;
}

/** What an API key may do with one kind of resource. */
export interface DiscueApiKeyScope {
  /** Such as `"queues"`; `api_clients`, `api_keys` and `subscriptions` cannot be set. */
  readonly resource: string;
  readonly access: "read" | "write";
  /** Ids, or `"*"` for all, which is sent as `["*"]`. */
  readonly targets: readonly string[] | "*";
}

/** An API key, without its secret. Times are RFC 3339, UTC. */
export interface DiscueApiKey {
  readonly id: string;
  readonly name?: string | undefined;
  readonly createdAt?: string | undefined;
  readonly updatedAt?: string | undefined;
  readonly lastUsedAt?: string | undefined;
  /** The first characters of the key. */
  readonly keyPrefix?: string | undefined;
  readonly status?: string | undefined;
  /** An empty list where the reply has none. */
  readonly scopes: readonly DiscueApiKeyScope[];
}

/** An API key that was just made. */
export interface DiscueNewApiKey {
  /** The key itself, shown this once only. */
  readonly secret: string;
  /** Its id, which the reply has in the newer model alone; else `list` tells it. */
  readonly id?: string | undefined;
}

/** What an API key is made of. */
export interface DiscueApiKeyInput {
  readonly name?: string | undefined;
  readonly status?: "enabled" | "disabled" | undefined;
  /** Replaces all scopes. Left out at creation, a key may do nearly everything. */
  readonly scopes?: readonly DiscueApiKeyScope[] | undefined;
}

/** An API client. */
export interface DiscueApiClient {
  readonly id: string;
  readonly name?: string | undefined;
}

/** A domain that discue may call. Newer model only. Times are RFC 3339, UTC. */
export interface DiscueDomain {
  readonly id: string;
  readonly name?: string | undefined;
  readonly hostname?: string | undefined;
  readonly port?: number | undefined;
  readonly createdAt?: string | undefined;
  /** What to serve so that discue sees that the domain is yours; a receiver takes it as it is. */
  readonly challenge?:
    | (DiscueDomainChallenge & {
        readonly createdAt?: string | undefined;
        readonly expiresAt?: string | undefined;
      })
    | undefined;
  readonly verified: boolean;
  readonly verifiedAt?: string | undefined;
}

/** What a domain is made of. */
export interface DiscueDomainInput {
  readonly name: string;
  /** Cannot be changed. */
  readonly hostname: string;
  /** 80, 443 or 1024-65535. Cannot be changed. */
  readonly port: number;
}

/**
 * A typed client of discue's whole API.
 *
 * Every call makes one request and rejects with an `AckloopError`: `auth` (401 is never repeated; a
 * 403 is `retryable`, since several bad keys lock out good ones for a while), `request`, `notFound`,
 * `rateLimit`, `transport`, `timeout`, `schema`, `config`. Reads and changes are repeated by the
 * transport; what creates is repeated only when it certainly was not processed. Replies may be stale
 * for a short time after a change. Lists are whole: discue announces paging and does not have it yet; see
 * `pageSize`.
 */
export interface DiscueClient {
  readonly queues: {
    /** Makes a queue. */
    create(input: DiscueQueueInput, options?: ClientCallOptions): Promise<DiscueQueue>;
    /** Lists the queues; an empty list when there are none. */
    list(options?: ClientCallOptions): Promise<readonly DiscueQueue[]>;
    /** Gives one queue; `notFound` when there is none of that id. */
    get(queueId: string, options?: ClientCallOptions): Promise<DiscueQueue>;
    /** Changes a queue; gives it as it then is. */
    update(
      queueId: string,
      input: DiscueQueueInput,
      options?: ClientCallOptions,
    ): Promise<DiscueQueue>;
    /** Deletes the queue with its listeners and messages. */
    delete(queueId: string, options?: ClientCallOptions): Promise<void>;
  };
  readonly listeners: {
    /** Makes a listener. */
    create(
      queueId: string,
      input: DiscueListenerInput,
      options?: ClientCallOptions,
    ): Promise<DiscueListener>;
    /** Lists the listeners of one queue; an empty list when there are none. */
    list(queueId: string, options?: ClientCallOptions): Promise<readonly DiscueListener[]>;
    /** The listeners of all queues; may be slow. */
    listAll(options?: ClientCallOptions): Promise<readonly DiscueListener[]>;
    /** Gives one listener; `notFound` when there is none of that id. */
    get(queueId: string, listenerId: string, options?: ClientCallOptions): Promise<DiscueListener>;
    /** Changes a listener; gives it as it then is. */
    update(
      queueId: string,
      listenerId: string,
      input: Partial<DiscueListenerInput>,
      options?: ClientCallOptions,
    ): Promise<DiscueListener>;
    /** Deletes a listener. */
    delete(queueId: string, listenerId: string, options?: ClientCallOptions): Promise<void>;
  };
  readonly messages: {
    /** Publishes. A call whose answer was lost may have published: it is not repeated. */
    create(
      queueId: string,
      input: DiscueMessageInput,
      options?: ClientCallOptions,
    ): Promise<DiscueMessage>;
    /** Lists the messages of one queue; an empty list when there are none. */
    list(queueId: string, options?: ClientCallOptions): Promise<readonly DiscueMessage[]>;
    /** The messages of all queues. */
    listAll(options?: ClientCallOptions): Promise<readonly DiscueMessage[]>;
    /** Gives one message; `notFound` when there is none of that id. */
    get(queueId: string, messageId: string, options?: ClientCallOptions): Promise<DiscueMessage>;
    /** Renames a message. */
    update(
      queueId: string,
      messageId: string,
      input: { readonly name: string },
      options?: ClientCallOptions,
    ): Promise<DiscueMessage>;
    /** Deletes a message. */
    delete(queueId: string, messageId: string, options?: ClientCallOptions): Promise<void>;
  };
  readonly schemas: {
    /** One schema of a queue, by the SHA-256 that is its id. */
    get(
      queueId: string,
      schemaId: string,
      options?: ClientCallOptions,
    ): Promise<DiscueMessageSchema>;
  };
  readonly stats: {
    /** How many messages were sent of late. */
    messages(options?: ClientCallOptions): Promise<DiscueMessageStats>;
  };
  readonly events: {
    /** Usage events of the last 24 hours; not the messages. One request, as many as discue gives. */
    list(query?: DiscueUsageEventQuery): Promise<readonly DiscueUsageEvent[]>;
    /**
     * Reads on until nothing is left, a page for each request, or until `limit` events were given.
     *
     * @throws {AckloopError} `schema` also where nothing can be read on behind an event, since it has no
     * time, or where a page brings nothing new: a list is never cut silently.
     */
    stream(query?: DiscueUsageEventStreamQuery): AsyncIterableIterator<DiscueUsageEvent>;
  };
  readonly apiKeys: {
    /** Makes an API key. */
    create(input: DiscueApiKeyInput, options?: ClientCallOptions): Promise<DiscueNewApiKey>;
    /** Lists the API keys; an empty list when there are none. */
    list(options?: ClientCallOptions): Promise<readonly DiscueApiKey[]>;
    /** Gives one API key; `notFound` when there is none of that id. */
    get(apiKeyId: string, options?: ClientCallOptions): Promise<DiscueApiKey>;
    /** Resolves to `undefined` where the reply has no body, as on the vendor's page. */
    update(
      apiKeyId: string,
      input: DiscueApiKeyInput,
      options?: ClientCallOptions,
    ): Promise<DiscueApiKey | undefined>;
    /** Deletes an API key. */
    delete(apiKeyId: string, options?: ClientCallOptions): Promise<void>;
  };
  readonly apiClients: {
    /** Makes an API client. */
    create(
      input: { readonly name?: string | undefined },
      options?: ClientCallOptions,
    ): Promise<DiscueApiClient>;
    /** Changes an API client; gives it as it then is. */
    update(
      apiClientId: string,
      input: { readonly name?: string | undefined },
      options?: ClientCallOptions,
    ): Promise<DiscueApiClient>;
  };
  readonly domains: {
    /** Makes a domain. */
    create(input: DiscueDomainInput, options?: ClientCallOptions): Promise<DiscueDomain>;
    /** Lists the domains; an empty list when there are none. */
    list(options?: ClientCallOptions): Promise<readonly DiscueDomain[]>;
    /** Gives one domain; `notFound` when there is none of that id. */
    get(domainId: string, options?: ClientCallOptions): Promise<DiscueDomain>;
    /** Renames a domain. */
    update(
      domainId: string,
      input: { readonly name: string },
      options?: ClientCallOptions,
    ): Promise<DiscueDomain>;
    /** Deletes a domain. */
    delete(domainId: string, options?: ClientCallOptions): Promise<void>;
  };
  /** Makes a receiver of discue's calls; see `DiscueReceiverOptions`. It makes no request. */
  readonly receiver: DiscueCreateReceiver;
}
