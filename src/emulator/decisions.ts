/**
 * Where a decision of an emulator comes from: a page and section of the vendor's documents, the id of an
 * assumption of the emulator's list, or that it is the emulator's own affair, which no vendor has.
 */
export type Ground = `doc: ${string}` | `assumed: ${string}` | `own: ${string}`;

/** The names of an emulator's options; those that hold further options stand as `outer.inner`. */
export type OptionNames<Options, Nested extends keyof Options & string> =
  | Exclude<keyof Options & string, Nested>
  | {
      [Outer in Nested]: `${Outer}.${keyof NonNullable<Options[Outer]> & string}`;
    }[Nested];

/**
 * All that an emulator decides, each with its ground. A test holds it against the source, and the
 * assumptions against their list.
 */
export interface Decisions<Operation extends string, Option extends string> {
  /** What each operation answers when all is well. */
  readonly routes: Readonly<Record<Operation, Ground>>;
  /** Each refusal, by its status and text as they stand in the source behind `new Refusal`. */
  readonly refusals: Readonly<Record<string, Ground>>;
  /** Each option. */
  readonly options: Readonly<Record<Option, Ground>>;
}
