import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { refuseSecrets, variable, withEnvFile } from "../../src/cli/environment.ts";

function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "ackloop-env-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, ".env");
  writeFileSync(file, text);
  return file;
}

describe("environment variables", () => {
  it("come from a file too, and what is set already counts", () => {
    const file = fileOf('# a comment\nA="from the file"\nB=from the file\n');

    expect(withEnvFile({ B: "set" }, file)).toEqual({ A: "from the file", B: "set" });
  });

  it("are found in a file that begins with a mark of its encoding", () => {
    expect(withEnvFile({}, fileOf("\ufeffA=a\n"))).toEqual({ A: "a" });
  });

  it("are not looked for in a file that is not in UTF-8", () => {
    const file = fileOf("");
    writeFileSync(file, "\ufeffA=a\n", "utf16le");

    expect(() => withEnvFile({}, file)).toThrow(/is not in UTF-8/);
  });

  it("are not set where they are empty", () => {
    expect(variable({ A: " " }, "A")).toBeUndefined();
    expect(variable({ A: " a " }, "A")).toBe("a");
  });
});

describe("secrets on the command line", () => {
  it.each(["--token", "--secret=a", "--client-secret", "--TIKI-API-KEY=a", "-password", "--auth"])(
    "are refused: %s",
    (arg) => {
      expect(() => refuseSecrets(["tail", arg], [])).toThrow(/^-\S+ is no option: secrets/);
    },
  );

  it.each(["--out", "--queue=token", "token", "--exec"])("do not take %s for one", (arg) => {
    expect(() => refuseSecrets([arg], [])).not.toThrow();
  });

  it("are not looked for in the names of options that there are, nor after --", () => {
    expect(() => refuseSecrets(["--key=a", "--", "--token"], ["--key"])).not.toThrow();
  });
});
