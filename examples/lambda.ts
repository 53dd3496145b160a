/**
 * Reads a Tiki queue from a Lambda on a schedule: until nothing is left, or until its time is nearly over.
 *
 * Wants TIKI_CLIENT_ID, TIKI_CLIENT_SECRET and TIKI_QUEUE. Let the function run once at a time (reserved
 * concurrency 1): two readers of one queue disturb each other. An event that keeps failing ends the call with an
 * error, which is what an alarm is for; it stays at Tiki. For dead letters give `postgresStores`.
 */
import { drain, drop } from "ackloop";
import { clientCredentials, tiki } from "ackloop/tiki";

const { env } = process;
// Outside of the handler: a warm function keeps its token and its connections.
const shop = tiki({
  token: clientCredentials({
    clientId: env["TIKI_CLIENT_ID"] ?? "",
    clientSecret: env["TIKI_CLIENT_SECRET"] ?? "",
    tokenUrl: env["TIKI_TOKEN_URL"],
  }),
  baseUrl: env["TIKI_BASE_URL"],
});

interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export async function handler(_event: unknown, context: LambdaContext) {
  const { handled, stopped } = await drain(
    shop.feed(env["TIKI_QUEUE"] ?? ""),
    {
      ORDER_CREATED_SUCCESSFULLY: ({ data }) => console.log(`new order ${data.order_code}`),
      other: ({ type }) => drop(`${type} is no business of ours`),
    },
    { deadline: Date.now() + context.getRemainingTimeInMillis() - 2_000 }, // 2 s to answer in
  );
  return { handled, stopped };
}
