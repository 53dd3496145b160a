import type { Plugin } from "esbuild";
import type { Plugin as VitePlugin } from "vite";

export declare const isPageFile: (path: string) => boolean;
export declare function pageModule(path: string): Promise<string>;
export declare const pagesInEsbuild: Plugin;
export declare const pagesInVite: VitePlugin;
