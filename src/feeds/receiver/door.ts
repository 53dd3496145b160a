import type { ReceiverSettings } from "./options.ts";
import { createSecretCheck } from "./secret.ts";
import { createSignatureCheck, type SignatureClaim } from "./signature.ts";

/** A request of which nothing but its address and headers was looked at. */
export interface Letter {
  readonly request: Request;
  readonly url: URL;
}

/** What the address and headers of a request tell, before its body is read. */
export interface Door {
  /** Whether it asks for something on its path: no message, no liveness check on a path of its own. */
  isQuestion(letter: Letter): boolean;
  /** `"ifEmpty"`: where nothing checks who calls, a body makes it a delivery. */
  isLiveness(letter: Letter): boolean | "ifEmpty";
  /** Lets it in to be read, with the claim that is to be verified, if any; or says why not. */
  letIn(letter: Letter): { readonly claim?: SignatureClaim | undefined } | string;
}

/** Makes the door of one receiver; nothing is trusted before it. */
export function createDoor(settings: ReceiverSettings, provider: string): Door {
  const { secret, secretIn, secretParameter, signature, livenessPath, livenessMethods } = settings;
  const hasSecret = createSecretCheck(secret, { in: secretIn, parameter: secretParameter });
  const claimOf = signature && createSignatureCheck({ ...signature, provider });
  /** Whether it says of itself that it is a delivery: then no path or method makes it less. */
  const isSigned = ({ request, url }: Letter): boolean =>
    secret.length > 0 ? hasSecret(url) : request.headers.has(`${signature?.headerPrefix}signature`);
  return {
    isQuestion: (letter) =>
      letter.request.method === "GET" &&
      letter.url.pathname !== livenessPath &&
      !(secret.length > 0 && hasSecret(letter.url)),
    isLiveness(letter) {
      const { method } = letter.request;
      const isAsked = livenessMethods.includes(method) || letter.url.pathname === livenessPath;
      if (!isAsked) return false;
      // They carry no body, and so no message.
      if (method === "GET" || method === "HEAD") return true;
      if (secret.length === 0 && !claimOf) return "ifEmpty";
      return !isSigned(letter);
    },
    letIn({ request, url }) {
      if (secret.length > 0 && !hasSecret(url))
        return "its secret is missing or wrong; compare the address that the sender was given";
      const claim = claimOf?.(request.headers);
      return typeof claim === "string" ? claim : { claim };
    },
  };
}
