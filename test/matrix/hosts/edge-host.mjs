/** Starts the edge runtime, until the standard input ends: `node edge-host.mjs EDGE_RUNTIME FILE`. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , packageFile, scriptPath] = process.argv;
const { EdgeRuntime, runServer } = await import(pathToFileURL(packageFile).href);
const runtime = new EdgeRuntime({ initialCode: readFileSync(scriptPath, "utf8") });
const server = await runServer({
  runtime,
  host: "127.0.0.1",
  port: Number(process.env.MATRIX_PORT),
});
process.stdin.on("end", () => void server.close()).resume();
