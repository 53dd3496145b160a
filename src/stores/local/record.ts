import { AckloopError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import {
  codeOf,
  diskError,
  fileSystem,
  makeFolder,
  onDisk,
  parentOf,
  syncFolder,
  writeDurably,
} from "./disk.ts";

/**
 * A text on the disk that is replaced by compare-and-set, without a lock.
 *
 * A record is a folder. It holds one empty file, the pointer, whose *name* says which revision is the
 * newest and which file has its text. To replace the text is to write the new file and then to rename
 * the pointer from the old name to the new one: the file system lets exactly one of many processes do
 * that, and one that was killed before or after leaves a whole record. There is no lock that a killed
 * process could leave, and none that could be taken from one that is slow.
 */
export interface Version {
  /** 0 where there is no record yet. */
  readonly revision: number;
  /** The text; `undefined` where there is no record yet. */
  readonly text: string | undefined;
  /** The base name of the text's file, for messages. */
  readonly file: string;
  /** All names in the folder. */
  readonly names: readonly string[];
}

const pointerPattern = /^at\.(\d{1,15})\.([0-9a-f-]{36})$/;
const mostTries = 200;

/** Reads the newest version. */
export async function readVersion(folder: string): Promise<Version> {
  let missing: string | undefined;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const seen = await lookAt(folder);
    if (typeof seen !== "string") return seen;
    // Either it was replaced while we looked, and the next look sees that, or a file was taken away.
    if (missing === seen && tries > 5) throw lostFile(seen);
    missing = seen;
    await sleep(Math.random() * 2);
  }
  throw busy("read");
}

/** The newest version, or the name of the file that was not there. */
async function lookAt(folder: string): Promise<Version | string> {
  const { readdir, readFile } = await fileSystem();
  const names = (await onDisk("read", () => readdir(folder), "ENOENT")) ?? [];
  const newest = newestPointer(names);
  if (!newest) {
    return names.length === 0 ? { revision: 0, text: undefined, file: "", names } : "at.*";
  }
  const { revision, file } = newest;
  const text = await onDisk("read", () => readFile(`${folder}/${file}`, "utf8"), "ENOENT");
  return text === undefined ? file : { revision, text, file, names };
}

/** Replaces a version by the next one. False: another was faster, and nothing was written. */
export async function replaceVersion(folder: string, old: Version, text: string): Promise<boolean> {
  const { rename } = await fileSystem();
  const revision = old.revision + 1;
  const id = crypto.randomUUID();
  const pointer = `at.${revision}.${id}`;
  if (old.text === undefined) return await createRecord(folder, id, text);
  const file = `${folder}/${fileOf(revision, id)}`;
  const moved = await onDisk(
    "write",
    async () => {
      await writeDurably(file, text);
      await syncFolder(folder);
      await rename(`${folder}/${pointerOf(old)}`, `${folder}/${pointer}`);
      return true;
    },
    "ENOENT",
  ).catch(async (error: unknown) => {
    await removeFile(file);
    throw error;
  });
  if (!moved) {
    await removeFile(file);
    return false;
  }
  await settleFolder(folder);
  // Older texts, and those of processes that have lost or will lose against this revision.
  const stale = old.names.filter((name) => name.endsWith(".json"));
  await Promise.all(stale.map((name) => removeFile(`${folder}/${name}`)));
  return true;
}

/** A busy record, as a typed error: many processes write to it, and this one never came first. */
export function busy(operation: string): AckloopError {
  return new AckloopError("transport", "too many processes write to one record", {
    provider: "stores",
    operation,
    retryable: true,
  });
}

async function createRecord(folder: string, id: string, text: string): Promise<boolean> {
  const { rename, mkdir, rm } = await fileSystem();
  const parent = parentOf(folder);
  const draft = `${parent}/.new-${id}`;
  const created = await onDisk(
    "write",
    async () => {
      await makeFolder(parent);
      await mkdir(draft, { mode: 0o700 });
      await writeDurably(`${draft}/${fileOf(1, id)}`, text);
      await writeDurably(`${draft}/at.1.${id}`, "");
      await syncFolder(draft);
      await rename(draft, folder);
      return true;
    },
    // A folder with files in it is never replaced: another process was faster.
    "EEXIST",
    "ENOTEMPTY",
    ...(process.platform === "win32" ? ["EPERM"] : []),
  ).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    throw error;
  });
  if (!created) await rm(draft, { recursive: true, force: true });
  else await settleFolder(parent);
  return created ?? false;
}

/** Makes a rename durable. It has happened already, so a failure leaves the outcome unknown. */
async function settleFolder(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    throw diskError("write", codeOf(error) ?? "unknown", true);
  }
}

async function removeFile(path: string): Promise<void> {
  const { rm } = await fileSystem();
  await onDisk("write", () => rm(path, { force: true }));
}

function newestPointer(
  names: readonly string[],
): { readonly revision: number; readonly file: string } | undefined {
  let newest: { readonly revision: number; readonly file: string } | undefined;
  for (const name of names) {
    const [, revision, id] = pointerPattern.exec(name) ?? [];
    if (revision === undefined || id === undefined) continue;
    if (!newest || Number(revision) > newest.revision) {
      newest = { revision: Number(revision), file: fileOf(Number(revision), id) };
    }
  }
  return newest;
}

function fileOf(revision: number, id: string): string {
  return `${revision}.${id}.json`;
}

function pointerOf({ file }: Version): string {
  return `at.${file.slice(0, -".json".length)}`;
}

function lostFile(file: string): AckloopError {
  return new AckloopError(
    "schema",
    `the file ${file} is missing; restore it from a backup, or delete its folder to start anew`,
    { provider: "stores", operation: "read" },
  );
}
