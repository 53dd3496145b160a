import { describe, it } from "vitest";
import { tiki } from "../../../src/providers/tiki/index.ts";

const shop = tiki({ token: "t" });

describe("what the documents of Tiki call mandatory", () => {
  it("T-003 a queue needs a name", () => {
    // @ts-expect-error the name is missing
    (): unknown => shop.queues.create({});
  });
});
