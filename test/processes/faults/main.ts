/**
 * Makes faults on purpose, each against a real run, and shows what is printed, what `health()` says and what
 * `ackloop doctor` says: `npm run faults`. With `--write` the blocks of docs/troubleshooting.md become what was
 * seen; with a text, only the faults with that text in their name are made.
 */
import { parseArgs } from "node:util";
import { faults } from "./faults.ts";
import { toBlock, writeGuide } from "./guide.ts";
import { type Seen, see } from "./scene.ts";

const { values, positionals } = parseArgs({
  options: { write: { type: "boolean", default: false } },
  allowPositionals: true,
});
const wanted = faults.filter(({ name }) => name.includes(positionals[0] ?? ""));
const all: Seen[] = [];
for (const fault of wanted) {
  if (fault.missing) console.log(`\n${fault.name}\n  skipped: ${fault.missing}`);
  else {
    const seen = await see(fault);
    all.push(seen);
    console.log(`\n${seen.name}\n${toBlock(seen).replaceAll(/^/gm, "  ")}`);
    for (const line of seen.wrong) console.log(`  WRONG: ${line}`);
  }
}
if (values.write) await writeGuide(all);
const wrong = all.filter((seen) => seen.wrong.length > 0).length;
console.log(`\n${all.length - wrong} as they must be, ${wrong} not`);
process.exitCode = wrong > 0 ? 1 : 0;
