import { checkText, configError } from "../check.ts";
import { cursorsOn } from "../cursors.ts";
import { deadLettersOn } from "../dead-letters.ts";
import type { LocalStores } from "../memory.ts";
import { fileBacking } from "./file-backing.ts";

/**
 * Makes stores in a folder, which is made at the first write.
 */
export function fileStores(folder: string): LocalStores {
  checkText("fileStores", "folder", folder);
  if (folder === "" || folder.includes("\0")) {
    throw configError("fileStores", "`folder` must be the path of a folder");
  }
  const backing = fileBacking(folder);
  return { cursors: cursorsOn(backing), deadLetters: deadLettersOn(backing) };
}
