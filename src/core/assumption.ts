/**
 * What one side, client or emulator, takes for granted where a vendor's documents leave something open
 * or say it in two ways.
 *
 * The lists are no part of the package: `npm run assumptions` makes the tables of `docs/providers` of
 * them. Both sides name the same question by the same id.
 */
export interface Assumption {
  /** What this side does, or takes for true. */
  readonly assumed: string;
  /** The options that change it; absent where none does. */
  readonly options?: readonly string[] | undefined;
  /** What the documents leave open. Needed on one side; the client's word counts. */
  readonly open?: string | undefined;
  /** What would show it wrong. Needed on one side; the client's word counts. */
  readonly wrong?: string | undefined;
  /** Why the other side has no such id. Needed where it has none. */
  readonly alone?: string | undefined;
}

/** A side's assumptions, by id. */
export type Assumptions = Readonly<Record<string, Assumption>>;
