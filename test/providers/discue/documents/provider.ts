import { expect, vi } from "vitest";
import listener from "../fixtures/assumed-listener.json" with { type: "json" };
import { type DiscueRow, type DiscueWorld, sample } from "./world.ts";

const at = (path: string) => `Terraform provider (68c2fe0), ${path}`;
const client = at("internal/client");
const validators = at("internal/validators");
const domains = at("docs/resources/domain");
const url = (path: string) => `{baseUrl}${path}`;
const urls = { notify_url: sample.notifyUrl, liveness_url: sample.livenessUrl };
const id = expect.stringMatching(/^[\w-]{21}$/);
const links = expect.anything();

const withQueue = async (world: DiscueWorld) => ({
  queueId: (await world.client.queues.create({ name: "orders" })).id,
});
const withDomain = async (world: Pick<DiscueWorld, "client">) => {
  const input = { name: "shop", hostname: "example.com", port: 443 };
  return { domainId: (await world.client.domains.create(input)).id };
};

/** Each fact of the vendor's own client, which speaks the newer model. */
export const terraform: readonly DiscueRow[] = [
  {
    fact: "D-301",
    source: client,
    says: "paths have no prefix; what has a name has an alias, and an id of 21 characters",
    request: { method: "POST", url: url("/queues"), body: { alias: "orders" } },
    answers: { queue: { id, alias: "orders", listeners: [] }, _links: links },
    call: (api) => api.queues.create({ name: "orders" }),
  },
  {
    fact: "D-302",
    source: validators,
    says: "an alias has 4 characters at least",
    at: (world) => world.client.queues.create({ name: "abcd" }),
    gives: { name: "abcd" },
    past: (world) => world.client.queues.create({ name: "abc" }),
    refused: { code: "request", status: 400 },
  },
  {
    fact: "D-303",
    source: validators,
    says: "and 64 at most",
    at: (world) => world.client.queues.create({ name: "a".repeat(64) }),
    gives: { name: "a".repeat(64) },
    past: (world) => world.client.queues.create({ name: "a".repeat(65) }),
    refused: { code: "request", status: 400 },
  },
  {
    fact: "D-304",
    source: validators,
    says: "of a-zA-Z0-9._-, so that the names of the pages do not pass",
    at: (world) => world.client.queues.create({ name: "Az0._-" }),
    past: (world) => world.client.queues.create({ name: sample.queue }),
    refused: { code: "request", status: 400 },
  },
  {
    fact: "D-305",
    source: client,
    says: "a listener has a status",
    reply: { ...listener, listener: { ...listener.listener, liveness: { state: "stable" } } },
    unread: ["_links"],
    read: (api) => api.listeners.get("q", "l"),
    gives: {
      id: "V1StGXR8_Z5jdHi6B-myT",
      name: "billing",
      status: "enabled",
      notifyUrl: "https://example.com/discue",
      livenessUrl: "https://example.com/alive",
      liveness: { state: "stable", successCount: 0, failureCount: 0 },
      messages: {
        acknowledgedCount: 312,
        missed: ["fb445832-50f7-4471-a0a9-d0def6d5951f"],
        missedCount: 1,
      },
    },
  },
  {
    fact: "D-306",
    source: validators,
    says: "an address has 4 to 253 characters",
    async at(world) {
      const names = await withQueue(world);
      const notify_url = `https://example.com/${"a".repeat(233)}`;
      const body = { alias: "billing", ...urls, notify_url };
      return await world.send(
        { method: "POST", url: url("/queues/{queueId}/listeners"), body },
        names,
      );
    },
    gives: { status: 200 },
    async past(world) {
      const [{ id: queueId } = { id: "" }] = await world.client.queues.list();
      const notifyUrl = `https://example.com/${"a".repeat(234)}`;
      return await world.client.listeners.create(queueId, {
        name: "other",
        notifyUrl,
        livenessUrl: sample.livenessUrl,
      });
    },
    refused: { code: "request", status: 400 },
  },
  {
    fact: "D-307",
    source: validators,
    says: "an address has no user and no password",
    request: {
      method: "POST",
      url: url("/queues/{queueId}/listeners"),
      body: { alias: "billing", ...urls, notify_url: "https://user:word@example.com/" },
    },
    given: withQueue,
    status: 400,
  },
  {
    fact: "D-308",
    source: client,
    says: "deleting answers _links",
    request: { method: "DELETE", url: url("/queues/{queueId}") },
    given: withQueue,
    answers: { _links: links },
    call: (api, { queueId = "" }) => api.queues.delete(queueId),
  },
  {
    fact: "D-309",
    source: client,
    says: "a new key comes with its id and scopes, which are keyed by resource, with targets as a list",
    request: {
      method: "POST",
      url: url("/api_keys"),
      body: { alias: "reader", scopes: { queues: { access: "read", targets: ["*"] } } },
    },
    answers: {
      api_key: expect.objectContaining({
        id,
        key: expect.any(String),
        scopes: { queues: { access: "read", targets: ["*"] } },
      }),
      _links: links,
    },
    call: (api) =>
      api.apiKeys.create({
        name: "reader",
        scopes: [{ resource: "queues", access: "read", targets: ["*"] }],
      }),
  },
  {
    fact: "D-310",
    source: client,
    says: "scopes keyed by resource are read",
    reply: {
      api_key: {
        id: "k-1",
        alias: "reader",
        key: "abc",
        scopes: { queues: { access: "write", targets: ["q-1"] } },
      },
    },
    read: (api) => api.apiKeys.get("k-1"),
    gives: {
      id: "k-1",
      name: "reader",
      keyPrefix: "abc",
      scopes: [{ resource: "queues", access: "write", targets: ["q-1"] }],
    },
  },
  {
    fact: "D-311",
    source: client,
    says: "changing a key answers the key",
    request: {
      method: "PUT",
      url: url("/api_keys/{keyId}"),
      body: { alias: "reader-2" },
    },
    given: async (world) => ({
      keyId: (await world.client.apiKeys.create({ name: "reader" })).id ?? "",
    }),
    answers: {
      api_key: expect.objectContaining({ id, alias: "reader-2" }),
      _links: links,
    },
    call: (api, { keyId = "" }) => api.apiKeys.update(keyId, { name: "reader-2" }),
  },
  {
    fact: "D-312",
    source: domains,
    says: "POST /domains of alias, hostname and port",
    request: {
      method: "POST",
      url: url("/domains"),
      body: { alias: "shop", hostname: "example.com", port: 443 },
    },
    answers: {
      domain: {
        id,
        alias: "shop",
        hostname: "example.com",
        port: 443,
        challenge: {
          https: {
            file_content: expect.any(String),
            file_name: expect.any(String),
            context_path: expect.any(String),
            created_at: expect.any(Number),
            expires_at: expect.any(Number),
          },
        },
        verification: { verified: false },
      },
      _links: links,
    },
    call: (api) => api.domains.create({ name: "shop", hostname: "example.com", port: 443 }),
  },
  {
    fact: "D-313",
    source: domains,
    says: "a port is 80, 443 or 1024 to 65535",
    async at(world) {
      const made: number[] = [];
      for (const port of [80, 443, 1_024, 65_535]) {
        const { port: told = 0 } = await world.client.domains.create({
          name: `shop-${port}`,
          hostname: "example.com",
          port,
        });
        made.push(told);
      }
      return made;
    },
    gives: [80, 443, 1_024, 65_535],
    past: (world) =>
      Promise.all(
        [81, 1_023, 65_536].map((port) =>
          world.client.domains
            .create({ name: "shop", hostname: "example.com", port })
            .catch(({ status }: { status: number }) => status),
        ),
      ),
    refused: [400, 400, 400],
  },
  { fact: "D-314", source: domains, says: "all three are needed, by type", types: true },
  {
    fact: "D-315",
    source: domains,
    says: "hostname and port cannot be changed",
    request: { method: "PUT", url: url("/domains/{domainId}"), body: { port: 80 } },
    given: withDomain,
    status: 400,
  },
  {
    fact: "D-316",
    source: client,
    says: "PUT /domains/{id} of an alias",
    request: { method: "PUT", url: url("/domains/{domainId}"), body: { alias: "shop-2" } },
    given: withDomain,
    answers: { domain: expect.objectContaining({ alias: "shop-2" }), _links: links },
    call: (api, { domainId = "" }) => api.domains.update(domainId, { name: "shop-2" }),
  },
  {
    fact: "D-317",
    source: client,
    says: "GET /domains",
    request: { method: "GET", url: url("/domains") },
    given: withDomain,
    answers: { domains: [expect.objectContaining({ id })], _links: links },
    call: (api) => api.domains.list(),
  },
  {
    fact: "D-318",
    source: client,
    says: "GET /domains/{id}",
    request: { method: "GET", url: url("/domains/{domainId}") },
    given: withDomain,
    answers: { domain: expect.objectContaining({ id }), _links: links },
    call: (api, { domainId = "" }) => api.domains.get(domainId),
  },
  {
    fact: "D-319",
    source: client,
    says: "DELETE /domains/{id}",
    request: { method: "DELETE", url: url("/domains/{domainId}") },
    given: withDomain,
    answers: { _links: links },
    call: (api, { domainId = "" }) => api.domains.delete(domainId),
  },
  {
    fact: "D-320",
    source: domains,
    says: "a domain is verified by exactly the file's content, at its folder and name",
    async shows({ client: api }) {
      const { challenge } = await api.domains.create({
        name: "shop",
        hostname: "example.com",
        port: 443,
      });
      const receiver = api.receiver({
        secret: "s3cret-of-the-listener",
        domainChallenges: challenge ? [challenge] : [],
      });
      const path = `/${challenge?.contextPath}/${challenge?.fileName}`;
      const received = await receiver.receive(new Request(`https://example.com${path}`));

      expect(received.kind === "answered" && (await received.response.text())).toBe(
        challenge?.fileContent,
      );
    },
  },
  verified(),
  {
    fact: "D-322",
    source: at("test-server"),
    says: "times may be in seconds, and a domain has one",
    reply: {
      domain: {
        id: "d-1",
        alias: "shop",
        hostname: "example.com",
        port: 443,
        created_at: 1_777_248_000,
        challenge: {
          https: {
            file_content: "content",
            file_name: "file.txt",
            context_path: "/.well-known/acme",
            created_at: 1_777_248_000,
            expires_at: 1_777_852_800,
          },
        },
        verification: { verified: true, verified_at: 1_777_248_000 },
      },
    },
    read: (api) => api.domains.get("d-1"),
    gives: {
      id: "d-1",
      name: "shop",
      hostname: "example.com",
      port: 443,
      createdAt: "2026-04-27T00:00:00.000Z",
      challenge: {
        fileContent: "content",
        fileName: "file.txt",
        contextPath: "/.well-known/acme",
        createdAt: "2026-04-27T00:00:00.000Z",
        expiresAt: "2026-05-04T00:00:00.000Z",
      },
      verified: true,
      verifiedAt: "2026-04-27T00:00:00.000Z",
    },
    turned: {
      "1777248000": "2026-04-27T00:00:00.000Z",
      "1777852800": "2026-05-04T00:00:00.000Z",
    },
  },
];

/** Asked over the network by what would be discue, and answered by what the challenge says. */
function verified(): DiscueRow {
  let content = "";
  return {
    fact: "D-321",
    source: domains,
    says: "discue asks for it itself, by GET over https",
    emulator: {
      challengeIntervalMs: 1,
      deliver: async (asked) =>
        new Response(asked.startsWith("https://example.com:443/") ? content : "nothing"),
    },
    async shows({ client: api }) {
      const { domainId } = await withDomain({ client: api });
      content = (await api.domains.get(domainId)).challenge?.fileContent ?? "";

      await vi.waitFor(
        async () => expect((await api.domains.get(domainId)).verified).toBe(true),
        60_000,
      );
    },
  };
}
