import * as root from "ackloop";
import { describe, expect, it } from "vitest";

describe("the root entry", () => {
  it("exports these names and no others", () => {
    expect(Object.keys(root).sort()).toMatchInlineSnapshot(`
      [
        "AckloopError",
        "batch",
        "consume",
        "contentIdentityOf",
        "deadLetter",
        "deliveries",
        "done",
        "drain",
        "drop",
        "fromReceipt",
        "group",
        "identityOf",
        "isAckloopError",
        "isLetterOf",
        "objectFirst",
        "redrive",
        "relay",
        "retry",
        "toReceipt",
        "webhook",
      ]
    `);
  });
});
