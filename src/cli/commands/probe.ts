import {
  accountOf,
  examplesOf,
  placeOf,
  providerArgument,
  providerOf,
  variableHelp,
} from "../account.ts";
import { type Context, command } from "../command.ts";
import { wrap } from "../help.ts";
import { flag, text, type ValuesOf, whole, withDefault } from "../option.ts";
import { type Output, oneLine, width } from "../output.ts";
import type { Finding, Probe, Probing, Provider } from "../provider.ts";
import { placeArgument } from "../reading.ts";
import { createRecorder, mask } from "../recorder.ts";

const positionals = { provider: providerArgument, place: placeArgument };
const options = {
  write: flag("ask also what changes something: in a queue or topic made for it, put away after"),
  url: text("url", "the public address of --port, for a provider that calls"),
  port: withDefault(whole("number", "where its calls are answered", 0, 65_535), 0),
  fixtures: flag("print the answers too, with every value masked"),
};

type ProbeContext = Context<ValuesOf<typeof positionals> & ValuesOf<typeof options>>;

/** What became of one assumption. */
interface Verdict {
  readonly id: string;
  readonly assumed: string;
  readonly verdict: Finding["verdict"];
  readonly found: string;
  readonly fixture?: { readonly status: number; readonly body: unknown };
}

export const probe = command({
  name: "probe",
  summary: "ask an account about what the client assumes",
  details: `The documents of every provider leave something open; the client assumes one of
the ways (docs/providers). This asks a real account: each "holds", "fails", or is
"open", where it cannot be asked or showed nothing. It reads only, unless --write
is given. It ends with 1 where one fails; the option to set is named.

${variableHelp}`,
  positionals,
  options,
  examples: examplesOf("probe"),
  run: start,
});

async function start(context: ProbeContext): Promise<number> {
  const { values, environment, output, signal } = context;
  const provider = providerOf(values.provider);
  const recorder = createRecorder(signal);
  const account = await accountOf(provider, environment, { fetch: recorder.fetch });
  await account.check(signal);
  const place =
    values.place === undefined
      ? undefined
      : await placeOf(provider, account, values.place, context);
  const { send, last } = recorder;
  const { url, port } = values;
  const probing: Probing = { account, place, send, last, signal, url, port, environment };
  const verdicts: Verdict[] = [];
  for (const id of Object.keys(provider.assumptions)) {
    if (signal.aborted) break;
    const verdict = await ask(provider, id, probing, values.write);
    verdicts.push(verdict);
    tell(output, provider, verdict, values.fixtures);
  }
  const count = (wanted: string) => verdicts.filter(({ verdict }) => verdict === wanted).length;
  const summary = { holds: count("holds"), fails: count("fails"), open: count("open") };
  output.json({ provider: values.provider, ...summary, verdicts });
  output.line(`${summary.holds} hold, ${summary.fails} fail, ${summary.open} are open`);
  return summary.fails > 0 ? 1 : 0;
}

async function ask(
  provider: Provider,
  id: string,
  probing: Probing,
  isWriting: boolean,
): Promise<Verdict> {
  const assumed = provider.assumptions[id]?.assumed ?? "";
  const probe = provider.probes[id] ?? "it cannot be asked";
  const open = (found: string): Verdict => ({ id, assumed, verdict: "open", found });
  if (typeof probe === "string") return open(probe);
  const lacking = whatLacks(probe, probing, isWriting, provider);
  if (lacking !== undefined) return open(lacking);
  try {
    const { verdict, found, answer } = await probe.ask(probing);
    const fixture = answer && { status: answer.status, body: mask(answer.json ?? answer.text) };
    return { id, assumed, verdict, found, ...(fixture && { fixture }) };
  } catch (error) {
    probing.signal.throwIfAborted();
    const { message } = Object(error) as Partial<Error>;
    return open(`the question failed: ${oneLine(message ?? String(error))}`);
  }
}

function whatLacks(
  { writes, needsPlace, needsUrl }: Probe,
  { place, url }: Probing,
  isWriting: boolean,
  provider: Provider,
): string | undefined {
  if (writes && !isWriting) return "asked with --write";
  if (needsUrl && url === undefined) return "asked with --url, where it can call";
  if (needsPlace && place === undefined) return `asked of a ${provider.place?.name}: name one`;
  return undefined;
}

function tell(output: Output, provider: Provider, verdict: Verdict, isWhole: boolean): void {
  const { id, assumed, found, fixture } = verdict;
  output.line(`${verdict.verdict.padEnd(6)} ${id}`);
  const options = provider.assumptions[id]?.options?.join(", ");
  const isWrong = verdict.verdict === "fails";
  const lines = [
    `assumed: ${assumed}`,
    `found: ${found}`,
    ...(isWrong ? [options ? `do: set ${options}` : "do: tell it to the project"] : []),
    ...(isWhole && fixture ? [`answer ${fixture.status}: ${JSON.stringify(fixture.body)}`] : []),
  ];
  for (const line of lines.flatMap((each) => wrap(oneLine(each), width - 9))) {
    output.line(`         ${line}`);
  }
}
