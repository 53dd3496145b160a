import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Command } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { start } from "./support.ts";

/** Every command that does something, with the words that lead to it. */
function all(
  list: readonly Command[],
  before: readonly string[] = [],
): readonly (readonly string[])[] {
  return list.flatMap(({ name, commands: own }) =>
    own ? all(own, [...before, name]) : [[...before, name]],
  );
}

describe("the command line", () => {
  it.each([["--help"], ["-h"]])("prints its help for %s", async (line) => {
    const { code, written } = start(line);

    expect(await code).toBe(0);
    for (const words of all(commands)) expect(written.out).toContain(`\n  ${words.join(" ")} `);
    expect(written.err).toBe("");
  });

  it.each(all(commands).map((words) => [words.join(" ")]))(
    "prints the help of `%s` with an example, in 80 columns",
    async (line) => {
      const { code, written } = start(`${line} --help`);

      expect(await code).toBe(0);
      expect(written.out).toContain("Exit codes: 0 done");
      expect(written.out).toMatch(new RegExp(`\n  # .+\n  ackloop ${line}`));
      expect(written.out.split("\n").filter((text) => text.length > 80)).toEqual([]);
    },
  );

  it.each(["tail", "drain --exec true", "publish", "probe", "doctor"])(
    "says that it was stopped while `%s` waited for a server",
    async (line) => {
      const server = createServer(() => {}).listen(0, "127.0.0.1");
      await once(server, "listening");
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      const environment = { WORKATO_TOKEN: "t", WORKATO_BASE_URL: `http://127.0.0.1:${port}` };
      const [verb = "", ...rest] = line.split(" ");
      const place = verb === "doctor" ? [] : ["orders"];

      const { code, written, stop } = start([verb, "workato", ...place, ...rest], { environment });
      await once(server, "request");
      stop();

      expect(await code).toBe(1);
      expect(written.err).toMatch(/ackloop: stopped before it was done\n$/);
      expect(written.out).not.toContain("WRONG");
    },
  );

  it("prints its version", async () => {
    const { code, written } = start("--version");

    expect(await code).toBe(0);
    expect(written.out).toBe("1.2.3\n");
  });

  it.each([
    ["", "say what to do"],
    ["emulat", 'there is no command "emulat"; did you mean "emulate"?'],
    ["simulacrum", 'there is no command "simulacrum"; `ackloop --help` lists them'],
    ["simulacrum --help", 'there is no command "simulacrum"; `ackloop --help` lists them'],
    ["inbox lost --help", 'there is no command "inbox lost"; did you mean "list"?'],
    ["--wrong", "unknown option '--wrong'"],
  ])("says what is wrong with `%s`, and exits with 2", async (line, message) => {
    const { code, written } = start(line);

    expect(await code).toBe(2);
    expect(written.err).toContain(`ackloop: ${message}`);
    expect(written.err).toContain("--help");
    expect(written.err).not.toContain("    at ");
    expect(written.out).toBe("");
  });

  it.each(["--token", "--client-secret", "--api-key=", "--password="])(
    "refuses %s, whose value others could read, and does not repeat it",
    async (option) => {
      const { code, written } = start(
        option.endsWith("=") ? ["emulate", `${option}s3cret`] : ["emulate", option, "s3cret"],
      );

      expect(await code).toBe(2);
      expect(written.err).toContain(`${option.replace("=", "")} is no option: secrets come from`);
      expect(written.err).not.toContain("s3cret");
    },
  );

  it("says of a bug that it is one, with the stack only for --debug", async () => {
    const out = (): never => {
      throw new RangeError("what a bug says");
    };

    const quiet = start("--help", { out });
    const loud = start("--help --debug", { out });

    expect(await Promise.all([quiet.code, loud.code])).toEqual([1, 1]);
    expect(quiet.written.err).toContain("ackloop: what a bug says: a bug of ackloop");
    expect(quiet.written.err).not.toContain("    at ");
    expect(loud.written.err).toContain("    at ");
  });

  it("says that the file of --env-file is not there", async () => {
    const { code, written } = start("emulate --env-file /nowhere/.env");

    expect(await code).toBe(1);
    expect(written.err).toBe(
      "ackloop: the file of --env-file cannot be read (ENOENT): /nowhere/.env\n",
    );
  });
});
