/** discue's messages in a Next.js app: this file is `app/discue/route.ts`. */
import { handle } from "./messages.ts";

export const dynamic = "force-dynamic";
// discue delivers by POST, and checks by GET or HEAD whether the webhook is alive.
export { handle as GET, handle as HEAD, handle as POST };
