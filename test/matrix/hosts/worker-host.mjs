/** Starts workerd by miniflare, until the standard input ends: `node worker-host.mjs MINIFLARE FILE FLAGS`. Its secrets are in MATRIX_SECRETS. */
import { pathToFileURL } from "node:url";

const [, , packageFile, scriptPath, flags = ""] = process.argv;
const { Miniflare } = await import(pathToFileURL(packageFile).href);
const miniflare = new Miniflare({
  modules: true,
  scriptPath,
  compatibilityDate: "2026-01-01",
  compatibilityFlags: flags.split(",").filter(Boolean),
  bindings: JSON.parse(process.env.MATRIX_SECRETS ?? "{}"),
  host: "127.0.0.1",
  port: Number(process.env.MATRIX_PORT),
});
await miniflare.ready;
process.stdin.on("end", () => void miniflare.dispose()).resume();
