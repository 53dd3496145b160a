import type { PageFiles } from "../../page/page.ts";

/** Whoever loads this file gets what `scripts/page-files.mjs` builds of `main.tsx` and `style.css`. */
export const built: PageFiles = { script: "", style: "" };
