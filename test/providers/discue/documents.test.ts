import { decisions } from "../../../src/emulator/discue/decisions.ts";
import { checkLedger } from "../ledger.ts";
import { gettingStarted } from "./documents/getting-started.ts";
import { terraform } from "./documents/provider.ts";
import { reference } from "./documents/reference.ts";
import { ledgerOf } from "./documents/world.ts";

const created = ["queues.create", "listeners.create", "messages.create"];
const newer = Object.keys(decisions.routes).filter((name) => name.startsWith("domains."));
/** What the emulator calls itself is in no request. */
const outgoing = ["notify", "liveness"];
const others = Object.keys(decisions.routes).filter(
  (name) => !newer.includes(name) && !outgoing.includes(name),
);

checkLedger(ledgerOf(gettingStarted, 50, { createBy: "PUT" }), created);
checkLedger(ledgerOf(reference, 60), others);
checkLedger(ledgerOf(terraform, 22, { naming: "alias" }), newer);
