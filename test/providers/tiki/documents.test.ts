import { type TikiEmulatorOptions, tikiEmulator } from "../../../src/emulator/index.ts";
import { clientCredentials, type TikiClient, tiki } from "../../../src/providers/tiki/index.ts";
import { checkLedger, type Ledger, type Names, type Row, type World } from "../ledger.ts";

type Made = ReturnType<typeof tikiEmulator>;
type TikiRow = Row<Made, TikiClient, TikiEmulatorOptions>;

/** A token as a plain request gets one: client credentials, by Basic. */
async function tokenOf({ tokenUrl, clientId, clientSecret }: Names): Promise<string> {
  const answer = await fetch(tokenUrl ?? "", {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

const reference = (section: string) => `Event queue API, ${section}`;

const withQueue = ({ emulator }: World<Made, TikiClient>) => ({
  queueCode: emulator.createQueue("queue 1"),
});

const queue = { code: "5a84289f-ed78-4285-9670-9a34508fb4a7", name: "queue 1", status: "ACTIVE" };

const rows: readonly TikiRow[] = [
  {
    fact: "T-001",
    source: reference("API get list queues"),
    says: "GET /queues lists the queues",
    request: { method: "GET", url: "{baseUrl}/queues" },
    given: withQueue,
    answers: [{ code: "{queueCode}", name: "queue 1", status: "ACTIVE" }],
    call: (client) => client.queues.list(),
  },
  {
    fact: "T-002",
    source: reference("API get list queues, Response"),
    says: "the list has no envelope",
    reply: [queue],
    read: (client) => client.queues.list(),
    gives: [queue],
  },
  {
    fact: "T-003",
    source: reference("API create queue, Request body"),
    says: "a name is mandatory",
    types: true,
  },
];

const ledger: Ledger<Made, TikiClient, TikiEmulatorOptions> = {
  provider: "tiki",
  least: 3,
  emulate: (options) => tikiEmulator({ activationDelayMs: 0, ...options }),
  connect(fetch, { baseUrl, tokenUrl, clientId = "", clientSecret = "" } = {}) {
    const token = tokenUrl ? clientCredentials({ tokenUrl, clientId, clientSecret }) : "token";
    return tiki({ token, fetch, baseUrl, retry: { attempts: 1 } });
  },
  headers: async (connection) => ({ authorization: `Bearer ${await tokenOf(connection)}` }),
  rows,
};

checkLedger(ledger, ["listQueues"]);
