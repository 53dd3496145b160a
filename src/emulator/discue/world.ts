import type { Call, EmulatorTools, Route } from "../definition.ts";
import { isRecord, json, Refusal, readJson } from "../exchange.ts";
import type { DiscueApiAssumptions, WebhookAssumptions } from "./assumptions.ts";
import type { ChallengeOptions } from "./checks.ts";
import type { Ending } from "./ending.ts";
import type { DiscueOperation } from "./operation.ts";
import type { Outgoing } from "./outgoing.ts";
import type { ListenerState, MessageState, QueueState, State } from "./state.ts";
import type { Usage } from "./usage.ts";
import type { Naming } from "./views.ts";

/** What the calls of the API share. */
export interface World {
  readonly tools: EmulatorTools;
  readonly state: State;
  readonly assumptions: WebhookAssumptions;
  readonly api: DiscueApiAssumptions;
  readonly usage: Usage;
  readonly outgoing: Outgoing;
  readonly challenge: ChallengeOptions;
  /** The emulator's own end. */
  readonly ending: Ending;
  readonly naming: Naming;
  /** Begins the deliveries of a message. */
  readonly notify: (message: MessageState) => void;
  /** Makes an id; each purpose has a sequence of its own. */
  readonly newId: (purpose: string) => string;
}

/** A body that is a JSON object. */
export type Body = Readonly<Record<string, unknown>>;

/** One call before the door is put around it. */
export type ApiRoute = Omit<Route<DiscueOperation>, "handle"> & {
  readonly handle: (call: Call) => Response | Promise<Response>;
};

/** The refusal of a wrong request; why stands in no answer, as on the pages. */
export function badRequest(why: string): Refusal {
  return new Refusal(400, why);
}

/** Reads a body; an empty one is an empty object. */
export async function readBody({ request }: Call): Promise<Body> {
  const body = await readJson(request);
  if (body === undefined) return {};
  if (!isRecord(body)) throw badRequest("a body is an object");
  return body;
}

/** Links are https and without /v1 whatever the caller used, as on the pages. */
function pathOf({ url }: Call): string {
  return url.pathname.replace(/^\/v1/, "");
}

/** An answer of the pages' shape: what it holds, and a link to it; `id` is what was made. */
export function reply(call: Call, body: object, id?: string): Response {
  const href = `https://api.discue.io${pathOf(call)}${id === undefined ? "" : `/${id}`}`;
  return json({ ...body, _links: { self: { href } } });
}

/** The part of a list that a call asks for. */
export function paged<Item>(
  { api }: World,
  { url }: Call,
  items: readonly Item[],
): readonly Item[] {
  if (api.paging === "none") return items;
  const size = Number(url.searchParams.get("per_page") ?? 10);
  const page = Number(url.searchParams.get("page") ?? 1);
  if (!Number.isInteger(size) || size < 1 || size > 100) throw badRequest("per_page is 1 to 100");
  if (!Number.isInteger(page) || page < 1) throw badRequest("page is a number from 1");
  return items.slice((page - 1) * size, page * size);
}

/** The same for both lists of listeners, where the pages show the link as a text. */
export function listReply(call: Call, body: object): Response {
  return json({ ...body, _links: { self: pathOf(call) } });
}

/**
 * What makes something takes both methods: the getting-started page has PUT, the reference POST.
 */
export function makes(
  operation: DiscueOperation,
  path: string,
  handle: ApiRoute["handle"],
): readonly ApiRoute[] {
  return [
    { operation, method: "POST", path, handle },
    { operation, method: "PUT", path, handle },
  ];
}

/** The queue that a path names. */
export function queueOf({ state }: World, { params }: Call): QueueState {
  return found(state.queues.get(params["queue"] ?? ""));
}

/** The listener that a path names. */
export function listenerOf(world: World, call: Call): ListenerState {
  return found(queueOf(world, call).listeners.get(call.params["listener"] ?? ""));
}

/** The message that a path names. */
export function messageOf(world: World, call: Call): MessageState {
  return found(queueOf(world, call).messages.get(call.params["message"] ?? ""));
}

/** Refuses what is not there. */
export function found<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Refusal(404, "Not Found");
  return thing;
}

/**
 * Reads a name: optional text; in the newer model 4 to 64 characters of `a-zA-Z0-9._-`.
 *
 * Source: terraform-provider-discue at 68c2fe0, internal/validators, read 2026-11.
 */
export function readName(body: Body, naming: Naming): string | undefined {
  const name = body[naming];
  if (name === undefined) return undefined;
  if (typeof name !== "string" || name === "") throw badRequest("a name is text");
  if (naming === "alias" && !/^[a-zA-Z0-9._-]{4,64}$/.test(name)) {
    throw badRequest("an alias has 4 to 64 of a-zA-Z0-9._-");
  }
  return name;
}
