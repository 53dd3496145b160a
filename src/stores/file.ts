import type { StoreSet } from "../core/stores.ts";
import { checkText, configError } from "./check.ts";
import { fileBacking } from "./local/file-backing.ts";
import { storesOn } from "./local/index.ts";
import { limitsOf, type StoreOptions } from "./options.ts";

/**
 * Makes stores in a folder of a local disk, which is made at the first write.
 *
 * **Promises**: any number of processes of one machine may share the folder. Each write is a
 * compare-and-set that the file system itself decides (a rename), without locks: of two writers one
 * wins and the other sees it, and a process that is killed at any moment leaves the folder whole. What
 * a call has written is on the disk (fsync of file and folder) before the call resolves.
 *
 * **Limits**: not for network file systems. A write costs three fsyncs, shared by the calls of one
 * process that wait at the time; the inbox rewrites its list of entries at each, so it is for some
 * thousands of entries, not more. Times are the machine's clock: one set back makes what is held last
 * for its length anew, one set forward ends it early (the cursors' revisions hold even then).
 *
 * @throws {AckloopError} `config` for a wrong option, at once. The stores' calls: `schema` when a file
 * is damaged or gone (the message names it and says what to do, and nothing is overwritten), `config`
 * when the folder cannot be used or was written by a newer version, `transport` (retryable) when the
 * disk refuses.
 */
export function fileStores(folder: string, options: StoreOptions = {}): StoreSet {
  checkText("fileStores", "folder", folder);
  if (folder === "" || folder.includes("\0")) {
    throw configError("fileStores", "`folder` must be the path of a folder");
  }
  return storesOn(fileBacking(folder), limitsOf("fileStores", options));
}
