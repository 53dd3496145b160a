/** The scenario as a Lambda behind a function URL. */
import { memoryStores } from "ackloop/stores";
import { type Providers, scenario } from "../scenario.ts";

/** What Lambda is called with, of it what is read. */
export interface FunctionUrlEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: { readonly http: { readonly method: string } };
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

/** The function of a Lambda. */
export function toHandler(providers: Providers) {
  const handle = scenario(providers, async () => memoryStores());
  return async (event: FunctionUrlEvent) => {
    const { rawPath, rawQueryString, headers, requestContext, body, isBase64Encoded } = event;
    const request = new Request(`https://lambda.invalid${rawPath}?${rawQueryString}`, {
      method: requestContext.http.method,
      headers,
      ...(body && { body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8") }),
    });
    const response = await handle(request);
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  };
}
