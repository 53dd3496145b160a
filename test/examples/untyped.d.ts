declare module "ioredis-mock" {
  /** What the tests use of ioredis. */
  class Redis {
    hmget(key: string, ...fields: string[]): Promise<(string | null)[]>;
    eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
    time(): Promise<string[]>;
    keys(pattern: string): Promise<string[]>;
  }
  // biome-ignore lint/style/noDefaultExport: the package has one.
  export default Redis;
}

declare module "dynalite" {
  import type { Server } from "node:http";

  // biome-ignore lint/style/noDefaultExport: the package has one.
  export default function dynalite(options: { readonly createTableMs: number }): Server;
}
