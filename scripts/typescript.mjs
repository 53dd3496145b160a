// Lets Node run the TypeScript of this repository, on versions that cannot by themselves:
// `node --import ./scripts/typescript.mjs bench/main.ts`. `ackloop/...` is the source, not a build.
import { register } from "node:module";

register("./typescript-hooks.mjs", import.meta.url);
