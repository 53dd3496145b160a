import { describe, expect, it } from "vitest";
import { blocksOf, commandsIn } from "./blocks.ts";
import { toModule } from "./module.ts";

describe("the blocks of a page", () => {
  const page = "# A\n\n```sh\n# no heading\none   # why\ntwo\n```\n\n## B\n\n```ts\nrun();\n```\n";

  it("have their heading, line and language, and what is typed of their commands", () => {
    const [first, second] = blocksOf(page);

    expect(first).toMatchObject({ heading: "A", line: 3, language: "sh" });
    expect(first && commandsIn(first).slice(1)).toEqual(["one", "two"]);
    expect(second).toMatchObject({ heading: "B", line: 11, language: "ts", text: "run();\n" });
  });
});

describe("a block as a module", () => {
  it("takes what it does not declare, and exports what it does", async () => {
    const { code, free } = await toModule(`import { a } from "a";
const { b, c: [d] } = a(e, { f });
export const g = (h: Type) => console.log(h, d);
async function i() {}`);

    expect(free).toEqual(["e", "f"]);
    expect(code).toContain("const { e, f } = globalThis.given;");
    expect(code).toMatch(/export \{\s*b,\s*d,\s*g,\s*i\s*\}/);
  });

  it("is refused where it is no program", async () => {
    await expect(toModule("const = 1;")).rejects.toThrow(/Expected identifier/);
  });
});
