import type { DiscueApiAssumptions } from "./assumptions.ts";
import type { DomainState, KeyState, ListenerState, QueueState } from "./state.ts";

/** What a reply calls a name: `name`, or `alias` in the newer model. */
export type Naming = "name" | "alias";

/** A thing that has an id and a name. */
export interface Named {
  readonly id: string;
  readonly name: string | undefined;
}

/** The id and the name. */
export function namedView({ id, name }: Named, naming: Naming): object {
  return { id, [naming]: name };
}

/** One queue. */
export function queueView(queue: QueueState, naming: Naming): object {
  const listeners = [...queue.listeners.values()].map((each) => namedView(each, naming));
  return { ...namedView(queue, naming), schema: queue.schema, listeners };
}

/** One listener as the reads show it; creating and changing show {@link namedView} alone. */
export function listenerView(
  listener: ListenerState,
  naming: Naming,
  { listenerStatus }: DiscueApiAssumptions,
): object {
  return {
    ...namedView(listener, naming),
    notify_url: listener.notifyUrl,
    liveness_url: listener.livenessUrl,
    ...(naming === "alias" ? { status: listenerStatus } : {}),
    liveness: {
      state: listener.state,
      success_count: listener.successes,
      failure_count: listener.failures,
    },
    messages: {
      acknowledged_count: listener.acknowledged,
      missed: [...listener.missed],
      missed_count: listener.missed.size,
    },
  };
}

/** One API key, without its secret. */
export function keyView(
  key: KeyState,
  naming: Naming,
  { keyPrefixLength }: DiscueApiAssumptions,
): object {
  return {
    ...namedView(key, naming),
    created_at: key.createdAt,
    updated_at: key.updatedAt,
    last_used_at: key.lastUsedAt,
    key: key.secret.slice(0, keyPrefixLength),
    status: key.status,
    scopes: key.scopes ?? defaultScopes(naming),
  };
}

/** What a key shows that named no scopes: the vendor's own client cannot read one without them. */
function defaultScopes(naming: Naming): unknown {
  const all = { access: "write", targets: ["*"] };
  const resources = ["domains", "events", "listeners", "messages", "queues", "stats"];
  if (naming === "name") return resources.map((resource) => ({ resource, ...all }));
  return Object.fromEntries(resources.map((resource) => [resource, all]));
}

/** One domain with its challenge. */
export function domainView(
  domain: DomainState,
  { challengeFolder, challengeLifeMs }: DiscueApiAssumptions,
): object {
  return {
    id: domain.id,
    alias: domain.name,
    hostname: domain.hostname,
    port: domain.port,
    challenge: {
      https: {
        file_content: domain.fileContent,
        file_name: domain.fileName,
        context_path: challengeFolder,
        created_at: domain.createdAt,
        expires_at: domain.createdAt + challengeLifeMs,
      },
    },
    verification: {
      verified: domain.verifiedAt !== undefined,
      ...(domain.verifiedAt === undefined ? {} : { verified_at: domain.verifiedAt }),
    },
  };
}
