import type { Command } from "./command.ts";
import { cursors } from "./commands/cursors.ts";
import { deadLetters } from "./commands/dead-letters.ts";
import { emulate } from "./commands/emulate.ts";
import { inbox } from "./commands/inbox.ts";
import { leases } from "./commands/leases.ts";
import { skip, skips, unskip } from "./commands/skip.ts";

/** Every command, in the order of `--help`: one file each. */
export const commands: readonly Command[] = [
  emulate,
  deadLetters,
  skip,
  skips,
  unskip,
  cursors,
  leases,
  inbox,
];
