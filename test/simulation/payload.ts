import type { StandardSchemaV1 } from "../../src/core/standard-schema.ts";
import type { PlannedEvent } from "./plan.ts";

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

/** The payload of an event where the provider gives none but the user a type. */
export function toPayload({ n, key, kind }: PlannedEvent) {
  const type = kind === "unknown" ? "other" : "message";
  const value = kind === "invalid" ? "text" : 1;
  return { sim: n, key, value, ...(kind === "unreadable" ? {} : { type }) };
}

/** Names the type; of what has none, it throws. */
export function typeOf(data: unknown): string {
  const { type } = data as { readonly type?: string };
  if (type === undefined) throw new Error("no type");
  return type;
}
