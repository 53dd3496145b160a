import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { providerNames as inDemo } from "../../examples/demo/provider.ts";
import { packageEntries } from "../../scripts/entries.ts";
import { providers as cliProviders } from "../../src/cli/providers.ts";
import * as emulatorEntry from "../../src/emulator/index.ts";
import { providerNames } from "../providers/names.ts";
import { profiles } from "../providers/profiles.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** `of-two-words` as `ofTwoWords`. */
const toCamel = (name: string) =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

describe.each(profiles)("the provider $folder", ({ folder, client, inputs, ...profile }) => {
  it.each([
    `src/providers/${folder}/{index,assumptions}.ts`,
    `src/emulator/${folder}/{assumptions,decisions}.ts`,
    `test/providers/${folder}/{profile,simulation,process}.ts`,
    `test/providers/${folder}/{conformance,documents}.test.ts`,
    `test/providers/${folder}/fixtures/README.md`,
    `examples/demo/providers/${folder}.ts`,
    `examples/${folder}.ts`,
    `docs/providers/${folder}.md`,
  ])("has %s", (pattern) => {
    const [, before = "", names = "", after = ""] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? [];
    const files = names ? names.split(",").map((name) => before + name + after) : [pattern];

    expect(files.filter((file) => !existsSync(root + file))).toEqual([]);
  });

  it("has fixtures, and runs the conformance kit over its feed", () => {
    const own = `${root}test/providers/${folder}`;

    expect(readdirSync(`${own}/fixtures`).some((name) => name.endsWith(".json"))).toBe(true);
    expect(readFileSync(`${own}/conformance.test.ts`, "utf8")).toMatch(/\bfeedConformance\(/);
  });

  it("has an entry, an emulator and a part in the demo", () => {
    expect(Object.keys(packageEntries())).toContain(folder);
    expect(inDemo).toContain(folder);
    expect(Object.keys(cliProviders)).toContain(folder);
    expect(emulatorEntry).toHaveProperty(`${toCamel(folder)}Emulator`);
  });

  it("has a path for each call that takes an id, and a good reply for each group of calls", () => {
    const groups = Object.entries(client({})).filter(([, calls]) => typeof calls === "object");
    const names = groups.flatMap(([group, calls]) =>
      Object.keys(calls).map((name) => `${group}.${name}`),
    );
    const withId = names.filter((name) => {
      const [, first] = inputs.find(([pattern]) => pattern.test(name)) ?? [];
      return typeof first === "string" || typeof first === "number";
    });
    const withPath = profile.paths.map(([name]) => name);
    const withReply = profile.calls.map(([name]) => name.split(".")[0]);

    expect(withId.filter((name) => !withPath.includes(name))).toEqual([]);
    expect(groups.map(([group]) => group).filter((group) => !withReply.includes(group))).toEqual(
      [],
    );
  });

  it("leaves no part of its profile empty that every provider has", () => {
    const { title, failures, hosts, headers, signals, secrets } = profile;
    const { cases, wrong, feeds, receiver } = secrets({ mark: "a-mark", plainMark: "a-mark" });

    for (const part of [title, failures, hosts, headers.options, signals, cases, wrong]) {
      expect(part).not.toHaveLength(0);
    }
    // It is asked for events, or calls us.
    expect(feeds.length > 0 || receiver !== undefined).toBe(true);
    expect(feeds.length > 0).toBe(profile.feed !== undefined);
  });
});

/** Where every provider is meant, and so none is named: the profiles know them. */
const suites = [
  "examples/demo",
  "scripts",
  "src/cli",
  "test/hostile",
  "test/http",
  "test/matrix",
  "test/package",
  "test/packed",
  "test/processes",
  "test/providers",
  "test/secrets",
  "test/security",
  "test/simulation",
];

/** Files that name some providers, and why. */
const named: Readonly<Record<string, string>> = {
  "src/cli/providers.ts": "the list of them",
  "scripts/size-limits.ts": "each verb with each provider has a limit",
  "test/hostile/deep.test.ts": "a store's test, for which one feed is enough",
  "test/hostile/flood.test.ts": "tests of receivers, each with the bodies of one",
  "test/hostile/receiver.test.ts": "tests of receivers, each with the bodies of one",
  "test/http/authority.test.ts": "one client is enough, and Kekker's nodes stand behind such",
  "test/http/packages.test.ts": "all clients send by one transport",
  "test/package/floors.test.ts": "made-up sources",
  "test/package/numbers.ts": "the sentences of each page, with what they are held to",
  "test/packed/bundles/frameworks.test.ts": "one of the programs runs on the edge",
  "test/packed/bundles/programs.ts": "an emulator as a fetch, for which one is enough",
  "test/packed/cli.test.ts": "what is typed wrongly, for which one of each kind is enough",
  "test/packed/guides/": "what the pages name, each in its own test",
  "test/packed/loaded.test.ts": "what one provider loads",
  "test/packed/programs/": "programs of users, who name what they use",
  "test/packed/realms.test.ts": "a program of a user's",
  "test/processes/bad-input.test.ts": "an own ack, and a cursor: what differs for the stores",
  "test/processes/dedupe.test.ts": "the marks are the loop's: one feed is enough",
  "test/processes/faults/faults.ts": "what is seen of each fault, for which one feed is enough",
  "test/processes/inbox-process.ts": "an inbox behind the receiver that there is",
  "test/processes/inbox.test.ts": "an inbox behind the receiver that there is",
  "test/processes/lease.test.ts": "an own ack, and a cursor: what differs for a lease",
  "test/processes/outage.test.ts": "an own ack, and a cursor: what differs for the stores",
  "test/processes/soak.ts": "the loop's memory, for which one feed is enough",
  "test/processes/sockets.test.ts": "one client over TLS",
  "test/processes/stop.test.ts": "a long poll, which one provider has",
  "test/security/signatures.test.ts": "the signature of the receiver that there is",
  "test/simulation/found.test.ts": "what was found, as it was found",
  "test/simulation/planted.ts": "which provider's runs show a planted bug",
};

describe("no provider is named", () => {
  const pattern = new RegExp(providerNames.join("|"), "i");
  const files = suites.flatMap((suite) =>
    readdirSync(root + suite, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile() && /\.ts$/.test(each.name))
      .map((each) => `${each.parentPath}/${each.name}`.slice(root.length)),
  );
  const ownOf = (file: string) =>
    providerNames.some((name) => new RegExp(`/providers/${name}[./]`).test(file));
  const naming = files.filter(
    (file) => !ownOf(file) && pattern.test(readFileSync(root + file, "utf8")),
  );
  const isAllowed = (file: string) =>
    Object.keys(named).some((allowed) => file.startsWith(allowed));

  it("where all are meant", () => {
    expect(
      naming.filter((file) => !isAllowed(file) && !file.endsWith("/profiles.test.ts")),
    ).toEqual([]);
  });

  it("is a list without names that are out of date", () => {
    const idle = (allowed: string) => !naming.some((file) => file.startsWith(allowed));

    expect(Object.keys(named).filter(idle)).toEqual([]);
  });
});
