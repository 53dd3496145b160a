import { AckloopError, isAckloopError } from "../../core/errors.ts";
import { oneOf, Rule, type TableOf, whole } from "../../core/options.ts";
import { createHttpClient } from "../../http/client.ts";
import { checkClientOptions, tokenNeed, tokenRule, wrong } from "../../http/options.ts";
import type { ClientOptions, HttpClient, Token } from "../../http/types.ts";
import { createCalls, type DiscueCall } from "./calls.ts";
import { discueReceiver } from "./receiver.ts";
import type { DiscueClient, DiscueOptions } from "./types.ts";
import { wireError } from "./wire.ts";

const defaultBaseUrl = "https://api.discue.io";

/**
 * Makes a typed client of discue's whole API, which makes receivers too.
 *
 * @throws {AckloopError} `config` for a wrong option.
 * @example
 * const client = discue({ apiKey });
 * const queue = await client.queues.create({ name: "orders" });
 * await client.messages.create(queue.id, { data: { order: 7 } });
 * const receiver = client.receiver({ name: queue.id, secret });
 */
export function discue(options: DiscueOptions): DiscueClient {
  checkClientOptions("discue", options, table);
  const { apiKey, naming = "name", createBy = "POST", pageSize, ...others } = options;
  const { prefix = naming === "name" ? "/v1" : "", ...rest } = others;
  const http = createHttpClient({
    ...rest,
    provider: "discue",
    baseUrl: `${(rest.baseUrl ?? defaultBaseUrl).replace(/\/+$/, "")}${prefix}`,
    credential: { token: neverTwice(apiKey), header: "x-api-key", prefix: "" },
    describeError: (body) => ({ text: wireError.safeParse(body).data?.title ?? undefined }),
  });
  const api = { call: createCall(http), naming, createBy, pageSize };
  return { ...createCalls(api), receiver: discueReceiver };
}

const table = {
  apiKey: new Rule<DiscueOptions["apiKey"]>(tokenRule).required(tokenNeed),
  naming: oneOf("name", "alias"),
  createBy: oneOf("POST", "PUT"),
  pageSize: whole(1, 100),
  prefix: new Rule<NonNullable<DiscueOptions["prefix"]>>({
    must: 'empty, or a path such as "/v1"',
    test: (value) => typeof value === "string" && /^(\/[\w.~-]+)*$/.test(value),
  }),
} satisfies TableOf<Omit<DiscueOptions, keyof ClientOptions>>;

function createCall(client: HttpClient): DiscueCall {
  return async (method, path, facts, options) => {
    // An empty id would make a path of another call: a list instead of one, all instead of one queue.
    if (path.includes("")) throw wrong("discue", "an id must not be empty", facts.operation);
    // Creating twice makes two; all else leaves the same state however often it is done.
    const repeat = facts.operation.endsWith(".create") ? "unsent" : "safe";
    try {
      const { signal, onResponse } = options ?? {};
      return await client.call({ ...facts, method, path, repeat, signal, onResponse });
    } catch (error) {
      const isRefused = isAckloopError(error) && error.status === 403 && error.code === "auth";
      throw isRefused ? lockedOut(error) : error;
    }
  };
}

/** Several bad keys make discue refuse good ones for a while, and it says nothing else of it. */
function lockedOut({
  operation,
  retryAfterMs,
  requestId,
  outcomeUnknown,
}: AckloopError): AckloopError {
  return new AckloopError(
    "auth",
    "refused with 403. The key may lack the scope; or discue refuses every key for a while, since several bad ones came in a short time: then the same call succeeds later",
    {
      provider: "discue",
      operation,
      status: 403,
      retryable: true,
      retryAfterMs,
      requestId,
      outcomeUnknown,
    },
  );
}

/** The credential; a key that was refused is not asked for again, since each try counts. */
function neverTwice(apiKey: DiscueOptions["apiKey"]): Token {
  if (typeof apiKey === "string") return apiKey;
  return ({ refused }) => {
    if (!refused) return apiKey();
    throw new AckloopError("auth", "the API key was refused", {
      provider: "discue",
      operation: "authenticate",
      status: 401,
    });
  };
}
