import type { StandardSchemaV1 } from "../../../src/core/standard-schema.ts";

/** What a user's schema is: the event must have a number. */
export const eventSchema: StandardSchemaV1<unknown, unknown> = {
  "~standard": {
    version: 1,
    vendor: "simulation",
    validate(data) {
      const { value } = data as { readonly value?: unknown };
      return typeof value === "number"
        ? { value: data }
        : { issues: [{ message: "must be a number", path: ["value"] }] };
    },
  },
};
