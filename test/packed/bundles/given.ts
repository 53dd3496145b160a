import { serveEmulators } from "../../../src/emulator/index.ts";
import { profiles } from "../../providers/profiles.ts";
import { eventCount, type Given } from "./programs.ts";

/** Serves emulators on loopback that hold events nobody has read, while something runs. */
export async function withGiven<Result>(use: (given: Given) => Promise<Result>): Promise<Result> {
  const all = profiles.map(({ program }) => program.given(eventCount));
  await using server = await serveEmulators(all.map(({ emulator }) => emulator));
  const given = all.map(({ emulator: { name }, more }) => [
    name,
    { ...server.connection(name), ...more },
  ]);
  return await use(Object.fromEntries(given));
}
