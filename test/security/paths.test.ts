import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAckloopError } from "../../src/core/errors.ts";
import type { AckReport } from "../../src/core/feed.ts";
import type { PathRow } from "../providers/profile.ts";
import { profiles } from "../providers/profiles.ts";

const rows = profiles.flatMap(({ folder, paths, pathWithoutId = {} }) =>
  paths.map(([name, path, use]) => [`${folder} ${name}`, path, use, pathWithoutId[path]] as const),
);

/** Ids that would mean another path, another query or another request. */
const hostileIds: readonly string[] = [
  "a/b",
  "../queues",
  "..",
  ".",
  "",
  "%2e%2e",
  "%2e",
  ".%2E",
  "%2F",
  "..;/",
  "\\..\\",
  "a?x=1",
  "a#b",
  "a b",
  "//evil.example",
  "https://evil.example/",
  "@evil.example",
  "a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1",
  "\n",
  "\t",
  "a\u0000b",
  "é😀\u202e",
  "\u2025",
  "\uff0e\uff0e",
  "\u00ad..",
  "\ud800",
  "x".repeat(5_000),
  "&a=b;c=d+e",
  "constructor",
  "__proto__",
];

/** An ack gives its refusals as verdicts. */
function isRefusal(result: unknown): boolean {
  const [verdict] = Array.isArray(result) ? (result as AckReport) : [];
  return verdict?.status === "failed" && verdict.error.code === "config";
}

/** The paths that were asked for, or what the call was refused with. */
async function pathsOf(use: PathRow[2], id: string): Promise<readonly string[] | "refused"> {
  const seen: URL[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    seen.push(new URL(new Request(input, init).url));
    return new Response("{}", { status: 404 });
  };
  try {
    const result = await use({ fetch, retry: { attempts: 1 } }, id);
    if (isRefusal(result)) return seen.length === 0 ? "refused" : [];
  } catch (error) {
    if (!isAckloopError(error)) throw error;
    if (error.code === "config") return seen.length === 0 ? "refused" : [];
  }
  return seen.map(({ pathname, search, hash }) => pathname + search + hash);
}

describe.each(rows)("%s", (_name, path, use, pathWithoutId) => {
  const expected = (id: string) => path.replaceAll("{id}", () => encodeURIComponent(id));

  it("asks for its documented path", async () => {
    expect(await pathsOf(use, "id-1")).toEqual([expected("id-1")]);
  });

  it("puts any id into its own segment, or sends nothing", async () => {
    for (const id of hostileIds) {
      const paths = await pathsOf(use, id);

      if (paths !== "refused") expect(paths).toEqual([expected(id)]);
      // A store takes names of 500 characters.
      else expect(["", ".", "..", "\ud800", "x".repeat(5_000)]).toContain(id);
    }
  });

  it("does so for random ids too", async () => {
    const ids = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.string({
        unit: fc.constantFrom(".", "/", "\\", "%", "2", "e", "?", "#", ";"),
        minLength: 1,
      }),
    );

    await fc.assert(
      fc.asyncProperty(ids, async (id) => {
        const paths = await pathsOf(use, id);

        if (paths !== "refused") expect(paths).toEqual([expected(id)]);
        else expect([".", ".."]).toContain(id);
      }),
      { numRuns: 25 },
    );
  });

  it.each([undefined, null, {}, [], Number.NaN, true, () => "x"])(
    "sends nothing for an id that is none: %s",
    async (id) => {
      const optional = id === undefined ? pathWithoutId : undefined;

      expect(await pathsOf(use, id as never)).toEqual(optional ? [optional] : "refused");
    },
  );
});
