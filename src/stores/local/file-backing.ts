import { AckloopError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import { configError } from "../check.ts";
import { hashOf } from "../hash.ts";
import type { Change } from "../rules/change.ts";
import { type Backing, type Cell, type Codec, isRecord, type Payloads } from "./backing.ts";
import { fileSystem, makeFolder, onDisk, syncFolder, writeDurably } from "./disk.ts";
import { busy, readVersion, replaceVersion, type Version } from "./record.ts";

const format = 1;
const mostTries = 500;

/** A backing in a folder that several processes of one machine share. */
export function fileBacking(folder: string): Backing {
  const cells = new Map<string, Cell<unknown>>();
  const root = folder.replace(/(?<=.)[\\/]+$/, "");
  return {
    now: () => Date.now(),
    cell<State>(kind: string, key: readonly string[], codec: Codec<State>): Cell<State> {
      const name = JSON.stringify([kind, ...key]);
      const cell = (cells.get(name) as Cell<State> | undefined) ?? fileCell(root, kind, key, codec);
      cells.set(name, cell as Cell<unknown>);
      return cell;
    },
    payloads: (kind, key) => filePayloads(async () => `${await folderOf(root, kind, key)}-texts`),
  };
}

/** The folder of a key: what a person can read of it, and a hash that makes it safe and unique. */
async function folderOf(root: string, kind: string, key: readonly string[]): Promise<string> {
  const readable = key
    .join("-")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .slice(0, 60);
  return `${root}/${kind}/${readable}-${(await hashOf(...key)).slice(0, 32)}`;
}

interface Waiting<State> {
  readonly change: (state: State) => Change<State, unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A cell in a record. What several callers of this process change at a time is written at once, so
 * that the price of a write to the disk is shared.
 */
function fileCell<State>(
  root: string,
  kind: string,
  key: readonly string[],
  codec: Codec<State>,
): Cell<State> {
  const waiting: Waiting<State>[] = [];
  let running = false;
  async function work(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0);
      try {
        await applyAll(await folderOf(root, kind, key), codec, group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    running = false;
  }
  return {
    async read() {
      return decoded(codec, await readVersion(await folderOf(root, kind, key)));
    },
    update<Result>(change: (state: State) => Change<State, Result>): Promise<Result> {
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ change, resolve: resolve as (result: unknown) => void, reject });
        if (!running) void work();
      });
    },
  };
}

async function applyAll<State>(
  folder: string,
  codec: Codec<State>,
  group: readonly Waiting<State>[],
): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const old = await readVersion(folder);
    let state = decoded(codec, old);
    let changed = false;
    const ends = group.map(({ change, resolve, reject }) => {
      try {
        const { result, next } = change(state);
        if (next !== undefined) {
          state = next;
          changed = true;
        }
        return () => resolve(result);
      } catch (error) {
        return () => reject(error);
      }
    });
    const text = changed ? JSON.stringify({ format, state: codec.encode(state) }) : undefined;
    if (text === undefined || (await replaceVersion(folder, old, text))) {
      for (const end of ends) end();
      return;
    }
    await sleep(Math.random() * Math.min(20, tries + 1));
  }
  throw busy("write");
}

function decoded<State>(codec: Codec<State>, { text, file }: Version): State {
  if (text === undefined) return codec.empty();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damaged(file);
  }
  const written = isRecord(json) ? json["format"] : undefined;
  if (typeof written === "number" && written > format) {
    throw configError(
      "read",
      `the file ${file} was written by a newer version of ackloop; upgrade this one`,
    );
  }
  const state = isRecord(json) && written === format ? codec.decode(json["state"]) : undefined;
  if (state === undefined) throw damaged(file);
  return state;
}

function damaged(file: string): AckloopError {
  return new AckloopError(
    "schema",
    `the file ${file} is damaged; restore it from a backup, or delete its folder to start anew`,
    { provider: "stores", operation: "read" },
  );
}

function filePayloads(folderOfTexts: () => Promise<string>): Payloads {
  return {
    async write(name, text) {
      const folder = await folderOfTexts();
      await onDisk("write", async () => {
        await makeFolder(folder);
        await writeDurably(`${folder}/${name}.json`, text);
        await syncFolder(folder);
      });
    },
    async read(name) {
      const { readFile } = await fileSystem();
      const path = `${await folderOfTexts()}/${name}.json`;
      return await onDisk("read", () => readFile(path, "utf8"), "ENOENT");
    },
    async remove(name) {
      const { rm } = await fileSystem();
      const path = `${await folderOfTexts()}/${name}.json`;
      await onDisk("write", () => rm(path, { force: true }));
    },
  };
}
