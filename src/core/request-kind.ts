import { isThenable } from "./guard.ts";

/** What frameworks hand in that is no `Request`: how it is known, what it is, and what to give in its place. */
const kinds: readonly (readonly [has: readonly string[], what: string, recipe: string])[] = [
  [["req.raw.url"], "a context of hono", "give `context.req.raw`"],
  [["req.rawHeaders", "request"], "a context of Koa", "mount it by a listener on `context.req`"],
  [["raw.rawHeaders"], "a request of Fastify", "mount it by a listener on `request.raw`"],
  [["rawHeaders"], "a request of Node or Express", "mount it by a listener"],
  [["requestContext"], "an event of Lambda", "make a Request of it"],
  [["request.url"], "an object around a Request", "give its `request`"],
  [["href"], "an address", "make a Request of it"],
];

/** Says what was handed in where a `Request` was to be, and what to do; nothing of what is in it. It never throws. */
export function describeGiven(given: unknown): string {
  try {
    if (given === undefined || given === null) return "it is nothing";
    if (typeof given === "string") return "it is a text";
    if (isThenable(given)) return "it is a promise, which has to be awaited";
    const kind = kinds.find(([paths]) => paths.every((path) => reaches(given, path)));
    return kind ? `it is ${kind[1]}: ${kind[2]}` : "it is an object of another kind";
  } catch {
    return "it cannot be read";
  }
}

/** Whether there is something at a path of members. */
function reaches(given: unknown, path: string): boolean {
  let at: unknown = given;
  for (const step of path.split(".")) at = (Object(at) as Record<string, unknown>)[step];
  return at !== undefined && at !== null;
}
