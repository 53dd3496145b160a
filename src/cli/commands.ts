import type { Command } from "./command.ts";
import { drain } from "./commands/drain.ts";
import { emulate } from "./commands/emulate.ts";
import { publish } from "./commands/publish.ts";
import { tail } from "./commands/tail.ts";

/** Every command, in the order of `--help`: one file each. */
export const commands: readonly Command[] = [tail, publish, drain, emulate];
