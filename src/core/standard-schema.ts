/**
 * The types of Standard Schema v1, copied because the specification is made to be copied: a schema
 * of zod, valibot, arktype or any other library that follows it fits without a dependency of ours.
 *
 * Source: Standard Schema specification, standardschema.dev, version 1, read 2026-11.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** The one property of the specification. */
  readonly "~standard": StandardSchemaProps<Input, Output>;
}

/** What a Standard Schema says of itself. */
export interface StandardSchemaProps<Input = unknown, Output = Input> {
  /** The version of the specification. */
  readonly version: 1;
  /** The library that made the schema. */
  readonly vendor: string;
  /** Checks one value; a result with `issues` means that it does not fit. */
  readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  /** Types only; never read at run time. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/** The outcome of a validation: a `value`, or the `issues` found. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that does not fit. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** Where in the value it is wrong. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type that a schema's output has. */
export type SchemaOutput<Schema extends StandardSchemaV1> = NonNullable<
  Schema["~standard"]["types"]
>["output"];
