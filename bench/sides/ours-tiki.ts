import { drain } from "ackloop";
import { tiki } from "ackloop/tiki";
import { atOnce, handlerOf, type Side, token } from "./work.ts";

/** The loop on Tiki's feed, in a module that loads no other provider. */
export const tikiLoop: Side = async (work) => {
  const feed = tiki({ token, baseUrl: work.url }).feed("bench");
  const { handled } = await drain(feed, handlerOf(work), { concurrency: atOnce });
  return handled;
};
