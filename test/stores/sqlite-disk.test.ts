import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { driver, driversHere, useFiles } from "./sqlite-drivers.ts";

const key = { consumer: "billing", feed: "orders" };
const repository = fileURLToPath(new URL("../../", import.meta.url));
const canMount = isMountable();
const mountHint = canMount ? "" : " (skipped: this user may not mount a disk)";

const { freshFolder, closing } = useFiles();

const mounted: string[] = [];
afterEach(() => {
  // Lazily: a driver may keep a file open until its statements are collected.
  for (const folder of mounted.splice(0)) execFileSync("umount", ["-l", folder]);
});

function mount(folder: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "none", folder], { stdio: "ignore" });
  mounted.push(folder);
}

function isMountable(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", "/mnt"], { stdio: "ignore" });
    execFileSync("umount", ["/mnt"]);
    return true;
  } catch {
    return false;
  }
}

/** A process of a user without rights, which says what it is told of a path. */
function asUser(): { told(path: string): Promise<unknown>; close(): void } {
  const script = fileURLToPath(new URL("sqlite-user.ts", import.meta.url));
  const user = fork(script, {
    cwd: repository,
    execArgv: ["--import", "./scripts/typescript.mjs"],
  });
  return {
    async told(path) {
      user.send(path);
      const [told] = await once(user, "message");
      return told;
    },
    close: () => user.disconnect(),
  };
}

describe("a file or a folder that this user may not write", () => {
  it.skipIf(process.platform === "win32")("is told, and keeps what it has", async () => {
    const { told } = closing(asUser());
    const folder = await freshFolder();
    const inner = `${folder}/a`;
    const file = `${inner}/ackloop.db`;
    const first = driver.stores(file);
    await first.cursors.save(key, "one", 0);
    await first.close();
    await chmod(folder, 0o755);
    const refusal = { code: "config", message: expect.stringMatching(/may not .*\(EACCES\)$/) };

    await chmod(file, 0o444);
    await chmod(inner, 0o777);
    expect(await told(file)).toEqual(refusal);

    await chmod(file, 0o666);
    await chmod(inner, 0o555);
    for (const name of ["ackloop.db", "other.db", "b/other.db"]) {
      expect(await told(`${inner}/${name}`)).toEqual(refusal);
    }

    await chmod(inner, 0o777);
    const beside = (await readdir(inner)).filter((name) => name !== "ackloop.db");
    // Whether these stay after closing is the driver's.
    for (const name of beside) {
      expect(await told(file)).toEqual(refusal);
      await chmod(`${inner}/${name}`, 0o666);
    }
    expect(await told(file)).toEqual({ status: "saved", revision: 2 });
  });
});

describe.each(driversHere)(`a disk of its own${mountHint}, with $name`, (one) => {
  it.skipIf(!canMount)("is told when it is read-only", async () => {
    const folder = await freshFolder();
    mount(folder);
    const other = await freshFolder();
    const first = one.stores(`${other}/ackloop.db`);
    await first.cursors.save(key, "one", 0);
    await first.close();
    await copyFile(`${other}/ackloop.db`, `${folder}/ackloop.db`);
    execFileSync("mount", ["-o", "remount,ro", folder]);

    for (const name of ["ackloop.db", "other.db", "a/other.db"]) {
      await expect(one.stores(`${folder}/${name}`).cursors.load(key)).rejects.toMatchObject({
        code: "config",
        message: expect.stringMatching(/mounted read-only \(EROFS\)|cannot be made.*\(ENOENT\)/),
      });
    }
  });

  it.skipIf(!canMount)("is told when it is full, loses nothing, and goes on", async () => {
    const folder = await freshFolder();
    mount(folder);
    await mkdir(`${folder}/a`);
    const stores = closing(one.stores(`${folder}/a/ackloop.db`));
    const { cursors, deadLetters } = stores;
    const letterOf = (at: number, raw = "x".repeat(20_000)) => {
      return { ...key, identity: `${at}`, raw, reason: "failed", attempts: 1, failedAt: "" };
    };
    let kept = 0;
    let refused: unknown;
    while (refused === undefined && kept < 200) {
      refused = await deadLetters.put(letterOf(kept)).catch((error: unknown) => error);
      kept += refused === undefined ? 1 : 0;
    }

    expect(refused).toMatchObject({ code: "transport", retryable: true });
    expect(String(refused)).toMatch(/disk is full|disk failed/);
    for (let tries = 0; tries < 20; tries += 1) {
      await expect(deadLetters.put(letterOf(1000))).rejects.toMatchObject({ retryable: true });
    }
    const { letters } = await deadLetters.list(key, { limit: 1000 });
    expect(letters.map(({ identity }) => identity)).toEqual(
      Array.from({ length: kept }, (_, at) => `${at}`),
    );
    execFileSync("mount", ["-o", "remount,size=8m", folder]);

    await deadLetters.put(letterOf(1000));
    expect(await cursors.save(key, "one", 0)).toMatchObject({ status: "saved" });
    expect((await deadLetters.list(key, { limit: 1000 })).letters).toHaveLength(kept + 1);
  });
});
