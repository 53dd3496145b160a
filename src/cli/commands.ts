import type { Command } from "./command.ts";
import { emulate } from "./commands/emulate.ts";

/** Every command, in the order of `--help`: one file each. */
export const commands: readonly Command[] = [emulate];
