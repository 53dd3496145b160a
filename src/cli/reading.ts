import { UsageError } from "./failure.ts";
import { moment, type Option, text } from "./option.ts";

/** The argument that names what is read from. */
export const placeArgument = text(
  "place",
  "the queue or topic, by its id or name, where the provider has any",
);

/** The variable with the secret that stands in a webhook's address. */
export const webhookSecretVariable = "ACKLOOP_WEBHOOK_SECRET";

const times = moment("from", "");

/** Where a reader begins whose place the provider does not keep. */
export const fromOption: Option<"oldest" | "now" | number | undefined> = {
  value: "from",
  about:
    "where to begin, where the provider keeps no place: oldest, now, a time, or so long ago as 2h (default oldest)",
  read(typed, name) {
    if (typed === "oldest" || typed === "now") return typed;
    try {
      return times.read(typed, name);
    } catch (error) {
      if ((Object(error) as Error).name !== "UsageError") throw error;
      throw new UsageError(
        `${name} must be oldest, now, a time such as 2026-11-30T08:00:00Z, or so long ago as 2h, not "${typed}"`,
      );
    }
  },
};
