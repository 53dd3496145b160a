import { emulators } from "../emulator/registry.ts";

const names = Object.keys(emulators);

/** A command line that is wrong: its message is printed, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError" as const;
}

/** What `--help` prints. */
export const help = `ackloop: emulators of the event APIs of ${names.join(", ")}

Usage
  ackloop emulate [options]   serve emulators on 127.0.0.1 until Ctrl+C
  ackloop --help              print this
  ackloop --version           print the version

Options of emulate
  --port <number>             the port; 0 takes a free one (default 0)
  --provider <names>          which emulators, separated by commas
                              (default ${names})
  --seed <integer>            where ids, tokens and faults follow from (default
                              another one each time, printed)
  --no-limits                 switch the rate limits off
  --json                      print one line of JSON instead of text
`;
