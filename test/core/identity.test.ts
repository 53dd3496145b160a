import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identityOf, isNameless, namelessIdentity } from "../../src/core/identity.ts";

/** Texts in which spaces, percent signs and what they are written as are likely. */
const text = fc
  .array(fc.constantFrom(" ", "%", "%20", "%25", "20", "/", "a", "nameless", "%nameless ", "é"), {
    maxLength: 6,
  })
  .map((parts) => parts.join(""));
const event = fc.record({ source: text, id: text });
const RUNS = { numRuns: 2000, seed: 20_261_129 };

describe("an identity", () => {
  it.each([
    ["/kekker/nodes/7", "a-1", "/kekker/nodes/7 a-1"],
    ["/kekker/nodes/7", "a 1", "/kekker/nodes/7 a 1"],
    ["/a b", "c", "/a%20b c"],
    ["/a%20b", "c", "/a%2520b c"],
    ["", "", " "],
  ])("is the source and then the id: %j, %j", (source, id, identity) => {
    expect(identityOf({ source, id })).toBe(identity);
  });

  it("is the same for the same source and id alone", () => {
    fc.assert(
      fc.property(event, event, (one, other) => {
        const isSame = one.source === other.source && one.id === other.id;
        return (identityOf(one) === identityOf(other)) === isSame;
      }),
      RUNS,
    );
  });

  it("gives its source and id back, so that no two share it", () => {
    fc.assert(
      fc.property(event, ({ source, id }) => {
        const identity = identityOf({ source, id });
        const at = identity.indexOf(" ");
        const written = identity.slice(0, at).replaceAll("%20", " ").replaceAll("%25", "%");
        return written === source && identity.slice(at + 1) === id;
      }),
      RUNS,
    );
  });

  it("is none of an event's where the delivery has no id of its own", () => {
    fc.assert(
      fc.property(event, text, fc.oneof(text, fc.nat()), (one, content, among) => {
        const nameless = namelessIdentity(content, among);
        return isNameless(nameless) && !isNameless(identityOf(one)) && nameless !== identityOf(one);
      }),
      RUNS,
    );
  });

  it("tells equal contents apart by their place, and equal places by their content", () => {
    const identities = [
      namelessIdentity("a", 1),
      namelessIdentity("a", 2),
      namelessIdentity("b", 1),
    ];

    expect(new Set(identities).size).toBe(3);
  });
});
