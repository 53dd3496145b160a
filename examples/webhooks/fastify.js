/** discue's messages in a Fastify app. */
import { getRequestListener } from "@hono/node-server";
import fastify from "fastify";
import { handle } from "./messages.ts";

const listener = getRequestListener(handle);
export const app = fastify();
app.register(async (scope) => {
  scope.removeAllContentTypeParsers(); // here alone: the body stays as it came
  scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
  scope.all("/discue", (request, reply) => {
    reply.hijack();
    return listener(request.raw, reply.raw);
  });
});
app.post("/orders", async (request) => ({ got: request.body }));
