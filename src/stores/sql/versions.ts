import { AckloopError } from "../../core/errors.ts";

/** The tables, without their prefix, beside the one of the versions. */
export const tableNames = ["cursors", "dead_letters", "dedupe", "leases", "inbox", "inbox_sizes"];

/** Refuses tables of a version that this ackloop does not know. */
export function refuseNewer(operation: string, found: number, known: number): void {
  if (found <= known) return;
  throw new AckloopError(
    "config",
    `the tables are of version ${found}, this ackloop knows ${known}; upgrade it`,
    { provider: "stores", operation },
  );
}
