import { checkLedger } from "../ledger.ts";
import { gettingStarted } from "./documents/getting-started.ts";
import { ledgerOf } from "./documents/world.ts";

checkLedger(ledgerOf(gettingStarted, 44, { createBy: "PUT" }), [
  "queues.create",
  "listeners.create",
  "messages.create",
]);
