/** discue's messages in a hono app: `export default app` on Bun, Deno and Workers, `serve(app)` on Node. */
import { Hono } from "hono";
import { handle } from "./messages.ts";

export const app = new Hono();
app.all("/discue", (context) => handle(context.req.raw));
app.post("/orders", async (context) => context.json({ got: await context.req.json() }));
