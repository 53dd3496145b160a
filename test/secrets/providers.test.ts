import { describe, it } from "vitest";
import { profiles } from "../providers/profiles.ts";
import { failures, mark, marks, plainMark, Witness } from "./support.ts";

const secretsOfAll = profiles.map((profile) => profile.secrets(marks));
const cases = secretsOfAll.flatMap((each) => each.cases);

describe.each(cases)("$name", ({ secrets, calls, sendFirstOnly = [] }) => {
  it.each(failures)("tells no secret that is repeated by %s", async (_failure, answer) => {
    const witness = new Witness();
    const count = calls({}).length;

    for (let index = 0; index < count; index += 1) {
      const sent = sendFirstOnly.includes(index) ? secrets.slice(0, 1) : secrets;
      const fetch: typeof globalThis.fetch = async () => answer(sent);
      const retry = { attempts: 2, minDelayMs: 0, maxDelayMs: 0 };
      const call = calls({ fetch, retry, logger: witness.logger })[index];
      await witness.watch(() => call?.());
    }
    witness.see("watched");

    witness.expectNothingOf(...secrets);
  });

  it("tells no secret when no answer comes in time", async () => {
    const witness = new Witness();
    const fetch: typeof globalThis.fetch = (input, init) =>
      new Promise((_resolve, reject) => {
        const { signal } = new Request(input, init);
        signal.addEventListener("abort", () => reject(signal.reason));
      });

    const options = { fetch, timeoutMs: 5, retry: { attempts: 1 }, logger: witness.logger };
    await Promise.all(calls(options).map((call) => witness.watch(call)));

    witness.expectNothingOf(...secrets);
  });

  it("shows no secret when its clients, feeds and tokens are printed", () => {
    const witness = new Witness();
    for (const value of secretsOfAll.flatMap(({ printed }) => printed())) witness.see(value);

    witness.expectNothingOf(mark, plainMark, ...secrets);
  });
});

describe("a wrong option", () => {
  const calls = secretsOfAll.flatMap(({ wrong }) => wrong);

  it.each(calls)("is told without its value: %s", async (_name, call) => {
    const witness = new Witness();

    await witness.watch(call);

    witness.expectNothingOf(mark, plainMark, btoa(mark.slice(0, 9)));
  });
});
