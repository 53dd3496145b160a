import type { Call } from "../definition.ts";
import { isCount } from "../options.ts";
import { checkScopes } from "./access.ts";
import { verifyDomain } from "./checks.ts";
import type { DomainState, KeyState } from "./state.ts";
import { domainView, keyView, namedView } from "./views.ts";
import {
  type ApiRoute,
  type Body,
  badRequest,
  found,
  paged,
  readBody,
  readName,
  reply,
  type World,
} from "./world.ts";

/** The calls about statistics and usage events. */
export function usageRoutes({ usage, tools }: World): readonly ApiRoute[] {
  const stats = (call: Call): Response => {
    const now = tools.clock.now();
    return reply(call, {
      aggregated_api_usage_events: {
        last_24_hours: usage.counts(now - 86_400_000),
        last_1_hours: usage.counts(now - 3_600_000),
        today_so_far: usage.counts(new Date(now).setUTCHours(0, 0, 0, 0)),
      },
    });
  };

  function events(call: Call): Response {
    const query = call.url.searchParams;
    const kind = query.get("events") ?? "all";
    const limit = Number(query.get("limit") ?? Number.POSITIVE_INFINITY);
    const [after, afterId] = [query.get("startAfter"), query.get("startAfterId")];
    const known = ["all", "api_keys", "listeners", "messages", "queues"].includes(kind);
    if (!known) throw badRequest("events is a known kind");
    if (!isCount(limit)) throw badRequest("limit is a number from 1");
    if ((after === null) !== (afterId === null)) {
      throw badRequest("startAfter and startAfterId come together");
    }
    const time = Number(after ?? -1);
    if (!Number.isSafeInteger(time)) throw badRequest("startAfter is a whole number of ms");
    const all = usage.list().filter((event) => kind === "all" || event.kind === kind);
    const place = all.findIndex(({ id }) => id === afterId);
    const behind = all.filter(
      ({ stored_at: at }, index) => at > time || (at === time && index > place),
    );
    const views = behind.slice(0, limit).map(({ id, type, stored_at, about }) => ({
      id,
      type,
      stored_at,
      ...Object.fromEntries(Object.entries(about).map(([name, value]) => [name, { id: value }])),
    }));
    return reply(call, { events: views });
  }

  return [
    { operation: "stats.messages", method: "GET", path: "/stats/messages", handle: stats },
    { operation: "events.list", method: "GET", path: "/events", handle: events },
  ];
}

/** The calls about API keys. */
export function keyRoutes(world: World): readonly ApiRoute[] {
  const { state, naming, usage, tools, newId, api } = world;
  const keyOf = ({ params }: Call): KeyState => found(state.keys.get(params["key"] ?? ""));
  const one = (call: Call, key: KeyState) => reply(call, { api_key: keyView(key, naming, api) });

  async function create(call: Call): Promise<Response> {
    const body = await readBody(call);
    checkScopes(body["scopes"]);
    const at = tools.clock.now();
    const key: KeyState = {
      id: newId("key"),
      secret: `${newId("secret")}${newId("secret")}`.replaceAll("-", ""),
      name: readName(body, naming),
      status: readStatus(body) ?? "enabled",
      scopes: body["scopes"],
      createdAt: at,
      updatedAt: at,
      lastUsedAt: 0,
    };
    state.keys.set(key.id, key);
    usage.add("api_keys", "api_key_added", { api_key: key.id });
    // The page shows the secret alone, the vendor's own client reads the key with it.
    const { secret } = key;
    const made = naming === "name" ? secret : { ...keyView(key, naming, api), key: secret };
    return reply(call, { api_key: made });
  }

  async function update(call: Call): Promise<Response> {
    const key = keyOf(call);
    const body = await readBody(call);
    checkScopes(body["scopes"]);
    key.name = readName(body, naming) ?? key.name;
    key.status = readStatus(body) ?? key.status;
    key.scopes = body["scopes"] ?? key.scopes;
    key.updatedAt = tools.clock.now();
    usage.add("api_keys", "api_key_updated", { api_key: key.id });
    // The page shows no body here, the vendor's own client reads the key.
    return naming === "name" ? new Response(null, { status: 200 }) : one(call, key);
  }

  function remove(call: Call): Response {
    const { id } = keyOf(call);
    state.keys.delete(id);
    usage.add("api_keys", "api_key_deleted", { api_key: id });
    return reply(call, {});
  }

  const list = (call: Call): Response =>
    reply(call, {
      api_keys: paged(world, call, [...state.keys.values()]).map((each) =>
        keyView(each, naming, api),
      ),
    });
  const path = "/api_keys/:key";
  return [
    { operation: "apiKeys.create", method: "POST", path: "/api_keys", handle: create },
    { operation: "apiKeys.list", method: "GET", path: "/api_keys", handle: list },
    { operation: "apiKeys.get", method: "GET", path, handle: (call) => one(call, keyOf(call)) },
    { operation: "apiKeys.update", method: "PUT", path, handle: update },
    { operation: "apiKeys.delete", method: "DELETE", path, handle: remove },
  ];
}

/** The calls about API clients; no page shows a read. */
export function clientRoutes({ state, naming, newId }: World): readonly ApiRoute[] {
  async function save(call: Call, id: string): Promise<Response> {
    const client = { id, name: readName(await readBody(call), naming) };
    state.clients.set(id, client);
    return reply(call, { api_client: namedView(client, naming) });
  }

  const create = (call: Call) => save(call, newId("client"));
  const update = (call: Call) =>
    save(call, found(state.clients.get(call.params["client"] ?? "")).id);
  const path = "/api_clients";
  return [
    { operation: "apiClients.create", method: "POST", path, handle: create },
    { operation: "apiClients.update", method: "PUT", path: `${path}/:client`, handle: update },
  ];
}

function readStatus({ status }: Body): string | undefined {
  if (status !== undefined && status !== "enabled" && status !== "disabled") {
    throw badRequest("a key is enabled or disabled");
  }
  return status;
}

/** The calls about domains, which only the newer model has. */
export function domainRoutes(world: World): readonly ApiRoute[] {
  const { state, naming, tools, newId, outgoing, challenge, ending, api } = world;
  if (naming === "name") return [];
  const { domains } = state;
  const domainOf = ({ params }: Call): DomainState => found(domains.get(params["domain"] ?? ""));
  const one = (call: Call, domain: DomainState) => reply(call, { domain: domainView(domain, api) });

  async function create(call: Call): Promise<Response> {
    const body = await readBody(call);
    const { hostname, port } = body;
    const name = readName(body, naming);
    if (name === undefined || typeof hostname !== "string" || !isPort(port)) {
      throw badRequest("a domain has alias, hostname and port");
    }
    const domain: DomainState = {
      id: newId("domain"),
      name,
      hostname,
      port,
      fileName: `${newId("challenge")}.txt`,
      fileContent: newId("challenge"),
      createdAt: tools.clock.now(),
      verifiedAt: undefined,
    };
    domains.set(domain.id, domain);
    const isThere = () => domains.has(domain.id);
    void verifyDomain(domain, isThere, { tools, outgoing, ending, ...challenge });
    return one(call, domain);
  }

  async function update(call: Call): Promise<Response> {
    const domain = domainOf(call);
    const body = await readBody(call);
    if ("hostname" in body || "port" in body) {
      throw badRequest("a domain keeps its hostname and port");
    }
    domain.name = readName(body, naming) ?? domain.name;
    return one(call, domain);
  }

  function remove(call: Call): Response {
    domains.delete(domainOf(call).id);
    return reply(call, {});
  }

  const list = (call: Call): Response =>
    reply(call, {
      domains: paged(world, call, [...domains.values()]).map((each) => domainView(each, api)),
    });
  const path = "/domains/:domain";
  return [
    { operation: "domains.create", method: "POST", path: "/domains", handle: create },
    { operation: "domains.list", method: "GET", path: "/domains", handle: list },
    { operation: "domains.get", method: "GET", path, handle: (call) => one(call, domainOf(call)) },
    { operation: "domains.update", method: "PUT", path, handle: update },
    { operation: "domains.delete", method: "DELETE", path, handle: remove },
  ];
}

/** 80, 443 or 1024-65535. Source: terraform-provider-discue at 68c2fe0, docs, read 2026-11. */
function isPort(port: unknown): port is number {
  if (typeof port !== "number" || !Number.isInteger(port)) return false;
  return port === 80 || port === 443 || (port >= 1_024 && port <= 65_535);
}
