import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { commandsOf, fill, type Provider } from "../../src/cli/provider.ts";
import { providers } from "../../src/cli/providers.ts";
import type { Connection, Emulator } from "../../src/emulator/index.ts";
import { serveEmulators } from "../../src/emulator/index.ts";

/** An emulator behind real HTTP, and what leads the command line to it. */
export interface Emulated {
  readonly emulator: Emulator;
  readonly connection: Connection;
  readonly environment: Readonly<Record<string, string>>;
  /** Puts items into a new place, and gives it. */
  fill(items: readonly unknown[]): Promise<string>;
}

/** Serves an emulator until the test is over. */
export async function emulated(provider: Provider, made?: Emulator): Promise<Emulated> {
  const emulator = made ?? (await provider.emulator({ seed: 1 }, false));
  const server = await serveEmulators([emulator]);
  onTestFinished(async () => {
    await server.close();
    await emulator.close();
  });
  const connection = server.connection(emulator.name);
  return {
    emulator,
    connection,
    environment: environmentOf(provider, connection),
    fill: (items) => fill(provider, commandsOf(emulator), items),
  };
}

/** The environment variables of a connection. */
export function environmentOf(provider: Provider, connection: Connection) {
  const entries = provider.variables.flatMap(({ name, member }) => {
    const value = member === undefined ? undefined : connection[member];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

/** An emulator with some made-up events, and the words that lead to them. */
export async function given(name: string, count: number) {
  const provider = providers[name];
  if (!provider) throw new Error(`there is no ${name}`);
  const set = await emulated(provider);
  const place = await set.fill(samples(provider, count));
  const command = set.emulator.admin["publish"];
  /** Publishes one more, by its number. */
  const publish = async (number: number): Promise<void> => {
    const items = [provider.sample(number)];
    const body = { queue: place, events: items, topicId: place, payloads: items, messages: items };
    const wanted: Readonly<Record<string, readonly string[]>> = {
      tiki: ["queue", "events"],
      kekker: ["events"],
      workato: ["topicId", "payloads"],
      discue: ["queue", "messages"],
    };
    const entries = Object.entries(body).filter(([key]) => wanted[name]?.includes(key));
    await command?.(Object.fromEntries(entries));
  };
  const words = provider.place ? [name, place] : [name];
  return { ...set, provider, place, words, publish };
}

/** Made-up items of a provider, from 1 to `count`. */
export function samples(provider: Provider, count: number): readonly unknown[] {
  return Array.from({ length: count }, (_, index) => provider.sample(index + 1));
}

/** A folder that is gone when the test is over. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "ackloop-cli-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
