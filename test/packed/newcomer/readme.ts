import { fileURLToPath } from "node:url";
import { stepsOf } from "./steps.ts";
import { type Walked, walk } from "./walk.ts";

/** The page that comes with the package. */
export const readme = fileURLToPath(new URL("../../../README.md", import.meta.url));

/** Where the part for users ends. */
const until = "## Work on ackloop itself";

/** Does what a text of the README says, up to the part for contributors, with a packed tarball. */
export function walkReadme(
  text: string,
  tarball: string,
  onStep?: (walked: Walked) => void,
): Promise<readonly Walked[]> {
  return walk(stepsOf(text, until), { install: `npm install ${tarball}`, ports: ["4010"] }, onStep);
}
