/** A consumer and feed. */
export interface Owner {
  readonly consumer: string;
  readonly feed: string;
}
