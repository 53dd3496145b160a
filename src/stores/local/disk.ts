import { AckloopError } from "../../core/errors.ts";
import { configError } from "../check.ts";

type FileSystem = typeof import("node:fs/promises");

/** Node's file system, loaded at the first use so that `ackloop/stores` loads everywhere. */
export function fileSystem(): Promise<FileSystem> {
  return import("node:fs/promises");
}

/** Writes a new file and brings it to the disk. Its name must be new. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const { open } = await fileSystem();
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text, "utf8");
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Brings a folder's list of names to the disk. Windows has no such call, and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const { open } = await fileSystem();
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a folder and those above it, and brings the names of the new ones to the disk. */
export async function makeFolder(path: string): Promise<void> {
  const { mkdir } = await fileSystem();
  const { resolve } = await import("node:path");
  let made = resolve(path);
  const first = await mkdir(made, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  while (made.length >= first.length) {
    made = parentOf(made);
    await syncFolder(made);
  }
}

/** The folder that a path is in. */
export function parentOf(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, "") || "/";
}

/** Runs work on files; of the named error codes it gives `undefined`, other errors are typed. */
export async function onDisk<Result>(
  operation: string,
  work: () => Promise<Result>,
  ...expected: readonly string[]
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    if (expected.includes(code)) return undefined;
    throw diskError(operation, code);
  }
}

const wrongFolder = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENAMETOOLONG", "ELOOP"]);

/** A file system's refusal as a typed error, without its path. */
export function diskError(operation: string, code: string, outcomeUnknown = false): AckloopError {
  if (wrongFolder.has(code)) {
    return configError(operation, `the stores' folder cannot be used (${code}); give another one`);
  }
  return new AckloopError("transport", `the file system refused (${code})`, {
    provider: "stores",
    operation,
    retryable: true,
    ...(outcomeUnknown && { outcomeUnknown }),
  });
}

/** The code of a system error, such as `"ENOENT"`; `undefined` for any other value. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
