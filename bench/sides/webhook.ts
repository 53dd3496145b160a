import { webhook } from "ackloop";
import { discue } from "ackloop/discue";
// What integrators import; ours is the small one.
// biome-ignore lint/style/noRestrictedImports: the full zod is what is compared with
import * as z from "zod";
import { token } from "./work.ts";

const secret = "a-secret-of-the-benchmarks";
const order = z.object({ code: z.string(), status: z.string() });

type Handle = (request: Request) => Promise<Response>;

/** Our receiver and verb. */
export function ours(): Handle {
  const client = discue({ apiKey: token, baseUrl: "http://127.0.0.1:1" });
  const receiver = client.receiver({ name: "bench", secret, schema: order });
  return webhook(receiver, async () => {});
}

/** A webhook by hand: the body read, the secret compared, the schema parsed, the handler called. */
export function handWritten(): Handle {
  const handler = async (_data: z.infer<typeof order>): Promise<void> => {};
  return async (request) => {
    const body: unknown = await request.json();
    if (new URL(request.url).searchParams.get("secret") !== secret) {
      return new Response(null, { status: 401 });
    }
    await handler(order.parse(body));
    return new Response(null, { status: 200 });
  };
}

/** Handles so many requests; gives the CPU of the handling alone, in us for each. */
export async function costOfRequests(handle: Handle, count: number): Promise<number> {
  let cpuUs = 0;
  for (let done = 0; done < count; done += 100) {
    const requests = Array.from({ length: 100 }, (_, index) => requestOf(done + index));
    const before = process.cpuUsage();
    for (const request of requests) {
      const { status } = await handle(request);
      if (status !== 200) throw new Error(`a request was answered with ${status}`);
    }
    const { user, system } = process.cpuUsage(before);
    cpuUs += user + system;
  }
  return cpuUs / count;
}

function requestOf(n: number): Request {
  return new Request(`https://bench.test/hook?secret=${secret}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code: `order-${n}`, status: "new" }),
  });
}
