/** What an emulator does without a request, by the names that `POST /_emulator/<provider>/<name>` has. */
export type EmulatorCommand = (name: string, body: object) => Promise<Record<string, unknown>>;

/** What the emulator's page tells of a provider, and how it publishes there. */
export interface Guide {
  /** How its events come, and how they are acknowledged: for whoever has never seen it. */
  readonly about: string;
  /** What events are published into: a queue, a topic, a list. */
  readonly place: string;
  /** What is counted there, such as `waiting`. */
  readonly holds: string;
  /** An item of each type, as {@link Guide.put} takes it. */
  readonly samples: Readonly<Record<string, unknown>>;
  /** The calls that a fault can be for, by their operations, in words. */
  readonly calls: Readonly<Record<string, string>>;
  /** What an event of its is about: its type, where it has one, and its data. */
  readonly read: (held: unknown) => { readonly type?: unknown; readonly data: unknown };
  /** Makes a place; absent where they are there from the start. */
  readonly make?: (command: EmulatorCommand, name: string) => Promise<string>;
  /** Publishes items into a place, or into the only one that there is. */
  readonly put: (
    command: EmulatorCommand,
    place: string | undefined,
    items: readonly unknown[],
  ) => Promise<unknown>;
  /** Makes a listener of a place, where the provider calls. */
  readonly listen?: (command: EmulatorCommand, place: string, url: string) => Promise<unknown>;
}
