/** discue's messages in a Next.js app: this file is `app/discue/route.ts`. */

// `next build` loads the route, and knows no secret yet: the webhook is made by the first request.
const answer = async (request: Request) => (await import("./messages.ts")).handle(request);

export const dynamic = "force-dynamic";
// discue delivers by POST, and checks by GET or HEAD whether the webhook is alive.
export { answer as GET, answer as HEAD, answer as POST };
