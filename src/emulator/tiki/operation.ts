/** The calls of Tiki's emulator, as faults and the journal name them. */
export type TikiOperation =
  | "listQueues"
  | "createQueue"
  | "createSubscription"
  | "listSubscriptions"
  | "updateActive"
  | "pull"
  | "ack"
  | "me"
  | "token"
  | "authorize";
