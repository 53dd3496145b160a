import type { Emulator, EmulatorTools } from "./definition.ts";
import { createEmulator, createTools, resettable } from "./emulator.ts";
import { copied, json } from "./exchange.ts";
import { asList, checkChoices, checkWhole, isFlag, isName, isTexts, isWhole } from "./options.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createGuard } from "./tiki/access.ts";
import type { TikiEmulatorApp, TikiSeller } from "./tiki/accounts.ts";
import { apiRoutes } from "./tiki/api.ts";
import { tikiCommands } from "./tiki/commands.ts";
import { oauthRoutes } from "./tiki/oauth.ts";
import type { TikiOperation } from "./tiki/operation.ts";
import { readOptions, type TikiEmulatorOptions } from "./tiki/options.ts";
import {
  createQueues,
  type Queue,
  type Queues,
  type TikiEmitted,
  type TikiEventInput,
  toEvent,
} from "./tiki/queues.ts";
import { createTokenStore } from "./tiki/tokens.ts";

/**
 * What a client of Tiki needs: the addresses, the in-house app, and the public one. Where the options have
 * no app of a kind, the first of them stands in its place.
 */
export type TikiConnection = Readonly<
  Record<"baseUrl" | "tokenUrl" | "authorizeUrl", string> &
    Record<"clientId" | "clientSecret" | "authentication", string> &
    Record<"publicClientId" | "publicClientSecret" | "publicAuthentication", string> &
    Record<"publicRedirectUri", string>
>;

/** Tiki's event queues and their OAuth endpoints. */
export interface TikiEmulator extends Emulator<TikiConnection, TikiOperation> {
  /** The sellers. */
  readonly sellers: readonly TikiSeller[];
  /** The apps. */
  readonly apps: readonly TikiEmulatorApp[];
  /** Makes a queue without a request, of the first app unless `clientId` names another; gives its code. */
  createQueue(name: string, clientId?: string): string;
  /**
   * Puts events into a queue, whatever its subscriptions are; gives their ids, in order.
   *
   * @throws {TypeError} when the queue does not exist.
   */
  publish(queueCode: string, events: readonly TikiEventInput[]): readonly string[];
  /** Puts values into a queue as they are, for malformed items. */
  publishRaw(queueCode: string, items: readonly unknown[]): void;
  /**
   * Puts events into a queue that take up their places and that no pull shows, as a filter of the
   * vendor's would: a page of them is empty, and its `ack_id` is a new one.
   */
  hide(queueCode: string, count?: number): void;
  /** Lets something happen: the event goes to the queues whose subscriptions route it. */
  emit(
    type: string,
    payload: unknown,
    facts?: Pick<TikiEventInput, "id" | "version" | "sid">,
  ): TikiEmitted;
  /** How many events of a queue are not acknowledged. */
  waiting(queueCode: string): number;
  /** A code as the browser would bring it back, for a seller who agrees. */
  authorize(request: {
    readonly clientId: string;
    readonly sid?: string | undefined;
    readonly scopes: readonly string[];
  }): string;
  /** Ends all access tokens at once: the next call gets 401. */
  revokeTokens(): void;
  /** Makes a seller active or inactive: calls for an inactive one get 403. */
  setSellerActive(sid: string, active: boolean): void;
}

const errorReply = (status: number, text: string): Response => json({ errors: [text] }, status);

/** What a client needs, by the kind of app. */
function connect(
  origin: string,
  apps: readonly TikiEmulatorApp[],
  first: TikiEmulatorApp,
): TikiConnection {
  const own = apps.find(({ kind }) => kind === "inHouse") ?? first;
  const open = apps.find(({ kind }) => kind === "public") ?? first;
  return {
    baseUrl: `${origin}/integration/v1`,
    tokenUrl: `${origin}/sc/oauth2/token`,
    authorizeUrl: `${origin}/sc/oauth2/auth`,
    clientId: own.clientId,
    clientSecret: own.clientSecret,
    authentication: own.authentication,
    publicClientId: open.clientId,
    publicClientSecret: open.clientSecret,
    publicAuthentication: open.authentication,
    publicRedirectUri: open.redirectUri,
  };
}

const isHidden = (value: unknown): boolean => value === 0 || isWhole(value);

/** The methods that reach past HTTP. */
function directMethods(queues: Queues, apps: readonly TikiEmulatorApp[], app: TikiEmulatorApp) {
  function find(code: string): Queue {
    const queue = queues.find(code);
    if (queue) return queue;
    throw new TypeError("tikiEmulator: the queue does not exist");
  }

  return {
    createQueue(name: string, clientId = app.clientId) {
      checkWhole<{ name: string; clientId: string }>(
        "tikiEmulator: createQueue",
        { name, clientId },
        {
          name: isName,
          clientId: apps.map((each) => each.clientId),
        },
      );
      return queues.create(name, clientId).code;
    },
    publish(queueCode: string, events: readonly TikiEventInput[]) {
      const queue = find(queueCode);
      return asList("tiki: events", events)
        .map(toEvent)
        .map((event) => queues.publish(queue, event));
    },
    publishRaw(queueCode: string, items: readonly unknown[]) {
      const queue = find(queueCode);
      for (const item of asList("tiki: items", items).map((each) =>
        copied("tiki: an item", each),
      )) {
        queues.publishRaw(queue, item);
      }
    },
    hide(queueCode: string, count = 1) {
      checkChoices<{ count: number }>("tikiEmulator: hide", { count }, { count: isHidden });
      queues.hide(find(queueCode), count);
    },
    emit: (
      type: string,
      payload: unknown,
      facts: Pick<TikiEventInput, "id" | "version" | "sid"> = {},
    ) => queues.emit(toEvent({ ...facts, type, payload })),
    waiting(queueCode: string) {
      const queue = find(queueCode);
      queues.expire(queue);
      return queue.log.waiting();
    },
  };
}

/**
 * Fakes Tiki's event queue API and its OAuth endpoints, as strictly as their documents.
 *
 * {@link TikiOperation} names the operations for faults and the journal. The fault `duplicate` delivers up to ten acknowledged events once more, or the first one twice.
 *
 * @throws {TypeError} when an option is out of its range.
 * Source: open.tiki.vn, "Event queue API", "Event queues", "Event type", "Auth flows", "Scope of
 * access", "Common exceptions", read 2026-11. What they leave open is in {@link TikiAssumptions}.
 */
export function tikiEmulator(options: TikiEmulatorOptions = {}): TikiEmulator {
  const settings = readOptions(options);
  return resettable(createTools("tiki", options), (tools) => makeTiki(tools, settings));
}

function makeTiki(
  tools: EmulatorTools,
  { apps, app, sellers, seller, assumptions, ...settings }: ReturnType<typeof readOptions>,
) {
  const tokens = createTokenStore(tools, assumptions);
  const inactive = new Set<string>();
  const queues = createQueues(tools, { ...settings, sid: seller.sid, assumptions });
  const limit = createRateLimit({
    limit: settings.requestsPerSecond,
    windowMs: 1_000,
    now: tools.clock.now,
  });
  const guard = createGuard({ tokens, limit, inactive, assumptions });
  const { pageSize } = settings;
  const state = { tools, queues, sellers, inactive, pageSize, assumptions, guard };
  const methods = {
    ...directMethods(queues, apps, app),
    revokeTokens: () => tokens.revokeAccess(),
  };
  const sids = sellers.map(({ sid }) => sid);
  const people = {
    authorize({ clientId, sid = seller.sid, scopes }: Parameters<TikiEmulator["authorize"]>[0]) {
      const found = apps.find((each) => each.clientId === clientId);
      if (!found) throw new TypeError("tikiEmulator: the app does not exist");
      checkWhole<{ sid: string; scopes: readonly string[] }>(
        "tikiEmulator: authorize",
        { sid, scopes },
        {
          sid: sids,
          scopes: (value) =>
            isTexts(value) &&
            (value as readonly string[]).every((each) => found.scopes.includes(each)),
        },
      );
      return tokens.addCode({ app: found, sid, scopes, redirectUri: found.redirectUri });
    },
    setSellerActive(sid: string, active: boolean) {
      checkWhole<{ sid: string; active: boolean }>(
        "tikiEmulator: setSellerActive",
        { sid, active },
        {
          sid: sids,
          active: isFlag,
        },
      );
      if (active) inactive.delete(sid);
      else inactive.add(sid);
    },
  };
  const emulator = createEmulator(tools, {
    routes: [...oauthRoutes({ apps, sellers, tokens }), ...apiRoutes(state)],
    errorReply,
    admin: tikiCommands({ ...methods, ...people }),
    places: () =>
      queues.all().map(({ code, name }) => ({ id: code, name, holds: methods.waiting(code) })),
    held: (code, id) => queues.find(code)?.log.find(id)?.wire,
    connection: (origin) => connect(origin, apps, app),
  });
  return {
    ...emulator,
    ...methods,
    ...people,
    sellers,
    apps,
  };
}
