import { examplesOf, providerOf, variableHelp } from "../account.ts";
import { type Check, checkNode, checkProvider, checkState } from "../checks.ts";
import { type Context, command } from "../command.ts";
import { variable } from "../environment.ts";
import { wrap } from "../help.ts";
import { oneOf, type ValuesOf } from "../option.ts";
import { type Output, width } from "../output.ts";
import { providerNames, providers } from "../providers.ts";
import { hasState, stateOptions } from "../state.ts";

const positionals = {
  provider: oneOf("provider", "one alone; else all whose variables are set", providerNames),
};

/** The largest exit code: those above are the shell's. */
const mostCounted = 100;

type DoctorContext = Context<ValuesOf<typeof positionals> & ValuesOf<typeof stateOptions>>;

export const doctor = command({
  name: "doctor",
  summary: "look at what a run needs, and say what is wrong",
  details: `Looks at Node, the environment variables, the servers (name, TLS, clock, rate
limit), the credentials, and with --state, --database or ACKLOOP_DATABASE_URL at
the stores and the disk. It changes nothing at a provider, and acknowledges
nothing. The exit code says how many are wrong, ${mostCounted} at most.

${variableHelp}`,
  positionals,
  options: stateOptions,
  examples: [
    ["doctor --env-file .env --state state.db", "everything that is set up"],
    ...examplesOf("doctor"),
  ],
  run: start,
});

async function start(context: DoctorContext): Promise<number> {
  const { values, environment, output, signal } = context;
  const checks: Check[] = [];
  const add = (list: readonly Check[]): void => {
    checks.push(...list);
    for (const check of list) tell(output, check);
  };
  add([checkNode()]);
  for (const name of values.provider === undefined ? usedBy(context) : [values.provider]) {
    if (signal.aborted) break;
    add(await checkProvider(name, providerOf(name), environment, signal));
  }
  if (hasState(context)) add(await checkState(context));
  const count = checks.filter(({ isRight }) => !isRight).length;
  output.json({ checks, wrong: count });
  output.line(count === 0 ? "\nnothing is wrong" : `\n${count} to mend`);
  if (checks.length === 1) {
    output.note("no provider's variables are set: give --env-file, or name a provider");
  }
  return Math.min(count, mostCounted);
}

/** The providers of which some variable is set. */
function usedBy({ environment }: DoctorContext): readonly string[] {
  return providerNames.filter((name) =>
    providers[name]?.variables.some((each) => variable(environment, each.name) !== undefined),
  );
}

function tell(output: Output, { about, isRight, found, todo }: Check): void {
  const lines = wrap(`${about}: ${found}`, width - 7);
  const more = todo === undefined ? [] : wrap(`do: ${todo}`, width - 9).map((line) => `  ${line}`);
  for (const [index, line] of [...lines, ...more].entries()) {
    const mark = isRight ? "ok" : "WRONG";
    output.line(`${(index === 0 ? mark : "").padEnd(7)}${line}`);
  }
}
