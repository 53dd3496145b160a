import { ask } from "../../core/guard.ts";
import type { Answered } from "../../feeds/receiver/receiver.ts";
import type { DiscueDomainChallenge, DiscueReceiverSettings } from "./receiver-options.ts";

/** The challenges by their path. */
type Contents = ReadonlyMap<string, string>;

/** How long the function may take, in ms. */
const limitMs = 5_000;
/** How long its answer is believed, and how long it is left alone after a failure, in ms. */
const keptMs = { answered: 1_000, failed: 10_000 } as const;

/**
 * Makes what looks a path up. Anybody may ask, so a function is asked once at a time and seldom, and
 * what it does can hold up nobody for longer than its limit.
 */
export function createChallenges({
  domainChallenges = [],
  challengePath,
}: Pick<DiscueReceiverSettings, "domainChallenges" | "challengePath">): (
  path: string,
) => Promise<Answered> {
  if (typeof domainChallenges !== "function") {
    const contents = toContents(domainChallenges);
    return (path) => Promise.resolve(lookUp(contents, path));
  }
  const folder = challengePath?.replace(/\/*$/, "/");
  const list = new AskedList(domainChallenges);
  return async (path) => {
    if (!(folder ? collapsed(path).startsWith(folder) : path.includes("."))) return {};
    const known = await list.current();
    return typeof known === "string" ? { why: known } : lookUp(known, path);
  };
}

/** What a function gives, kept for a moment. */
class AskedList {
  readonly #give: () =>
    | readonly DiscueDomainChallenge[]
    | Promise<readonly DiscueDomainChallenge[]>;
  #known: Contents | string = "";
  #until = Number.NEGATIVE_INFINITY;
  #asking: Promise<Contents | string> | undefined;

  constructor(
    give: () => readonly DiscueDomainChallenge[] | Promise<readonly DiscueDomainChallenge[]>,
  ) {
    this.#give = give;
  }

  /** The challenges, or why there are none to be had. */
  async current(): Promise<Contents | string> {
    if (performance.now() < this.#until) return this.#known;
    this.#asking ??= this.#ask();
    return this.#asking;
  }

  async #ask(): Promise<Contents | string> {
    const asking = { what: "domainChallenges", whom: "discue", limitMs };
    const answer = await ask(asking, async () => toContents(await this.#give()));
    const isAnswered = answer.kind === "answered";
    const why = answer.kind === "failed" ? answer.error.message : "cut";
    this.#known = isAnswered ? answer.value : why;
    this.#until = performance.now() + (isAnswered ? keptMs.answered : keptMs.failed);
    this.#asking = undefined;
    return this.#known;
  }
}

function toContents(challenges: readonly DiscueDomainChallenge[]): Contents {
  return new Map(challenges.map((each) => [pathOf(each), each.fileContent]));
}

function lookUp(contents: Contents, path: string): Answered {
  const content = contents.get(collapsed(path));
  return typeof content === "string" ? { content } : {};
}

/** Slashes collapse, since the folder comes with and without some around it. */
function pathOf({ contextPath, fileName }: DiscueDomainChallenge): string {
  const { pathname } = new URL(`https://localhost/${contextPath}/${fileName}`);
  return collapsed(pathname);
}

function collapsed(path: string): string {
  return path.replaceAll(/\/+/g, "/");
}
