import { decisions } from "../../../src/emulator/workato/decisions.ts";
import { checkLedger } from "../ledger.ts";
import { eventStreams } from "./documents/event-streams.ts";
import { publicApi } from "./documents/public-api.ts";
import { ledgerOf } from "./documents/world.ts";

checkLedger(ledgerOf(eventStreams, 61), Object.keys(decisions.routes));
checkLedger(ledgerOf(publicApi, 40), ["consume", "publish", "publishBatch"]);
