/** discue's messages in an Express app. */
import { getRequestListener } from "@hono/node-server";
import express from "express";
import { handle } from "./messages.ts";

export const app = express();
app.all("/discue", getRequestListener(handle)); // in front of any body parser
app.use(express.json());
app.post("/orders", (request, response) => response.json({ got: request.body }));
