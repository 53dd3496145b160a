import { expect, it } from "vitest";
import { describeGiven } from "../../src/core/request-kind.ts";

const address = "https://example.com/discue?secret=hunter2";
const request = new Request(address);
const node = { rawHeaders: [], headers: {}, url: "/discue?secret=hunter2" };
const hostile = {
  get req(): never {
    throw new Error(address);
  },
};

it.each<[string, unknown, string]>([
  ["nothing", undefined, "it is nothing"],
  ["null", null, "it is nothing"],
  ["a text", address, "it is a text"],
  ["an address", new URL(address), "it is an address"],
  ["a promise", Promise.resolve(request), "has to be awaited"],
  ["hono", { req: { raw: request, url: address } }, "give `context.req.raw`"],
  ["Koa", { req: node, res: {}, request: { header: {} } }, "a context of Koa"],
  ["Fastify", { raw: node, headers: {} }, "a request of Fastify"],
  ["Express", node, "a request of Node or Express"],
  ["Lambda", { rawPath: "/", requestContext: { http: {} }, headers: {} }, "an event of Lambda"],
  ["SvelteKit", { request, params: {} }, "give its `request`"],
  ["a number", 5, "an object of another kind"],
  ["what cannot be read", hostile, "it cannot be read"],
])("names what is no Request, and nothing of what is in it: %s", (_, given, what) => {
  expect(describeGiven(given)).toContain(what);
  expect(describeGiven(given)).not.toMatch(/hunter2|example/);
});
