import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Child, startScript } from "../process.ts";
import type { RelayTask, WorkerTask } from "./task.ts";

/** The fleet's programs as one file each, so that a process that is killed often starts fast. */
export interface Programs {
  startRelay(task: RelayTask): Child;
  startWorker(task: WorkerTask): Child;
  /** Takes the files off. */
  close(): Promise<void>;
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Builds the programs. */
export async function buildPrograms(): Promise<Programs> {
  // Inside the repository, so that the packages that are not bundled are found.
  const parent = pathOf("../../../.tmp/");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "fleet-"));
  await build({
    entryPoints: [pathOf("relay.ts"), pathOf("worker.ts")],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "es2022",
    external: ["pg", "@nats-io/*", "libsql", "better-sqlite3"],
  });
  const start = (program: string, task: object): Child =>
    startScript(join(folder, `${program}.mjs`), { FLEET_TASK: JSON.stringify(task) });
  return {
    startRelay: (task) => start("relay", task),
    startWorker: (task) => start("worker", task),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
