import type { Command } from "./command.ts";
import { doctor } from "./commands/doctor.ts";
import { drain } from "./commands/drain.ts";
import { emulate } from "./commands/emulate.ts";
import { probe } from "./commands/probe.ts";
import { publish } from "./commands/publish.ts";
import { tail } from "./commands/tail.ts";

/** Every command, in the order of `--help`: one file each. */
export const commands: readonly Command[] = [tail, publish, drain, doctor, probe, emulate];
