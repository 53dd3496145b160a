import type { Command } from "./command.ts";
import { cursors } from "./commands/cursors.ts";
import { deadLetters } from "./commands/dead-letters.ts";
import { doctor } from "./commands/doctor.ts";
import { drain } from "./commands/drain.ts";
import { emulate } from "./commands/emulate.ts";
import { generate } from "./commands/generate.ts";
import { inbox } from "./commands/inbox.ts";
import { inspect } from "./commands/inspect.ts";
import { leases } from "./commands/leases.ts";
import { probe } from "./commands/probe.ts";
import { publish } from "./commands/publish.ts";
import { runs } from "./commands/runs.ts";
import { skip, skips, unskip } from "./commands/skip.ts";
import { tail } from "./commands/tail.ts";

/** Every command, in the order of `--help`: one file each. */
export const commands: readonly Command[] = [
  tail,
  publish,
  drain,
  deadLetters,
  skip,
  skips,
  unskip,
  cursors,
  leases,
  inbox,
  runs,
  inspect,
  doctor,
  probe,
  generate,
  emulate,
];
