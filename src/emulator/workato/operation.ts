/** The calls of Workato's emulator, as faults and the journal name them. */
export type WorkatoOperation =
  | "consume"
  | "publish"
  | "publishBatch"
  | "listTopics"
  | "createTopic"
  | "getTopic"
  | "updateTopic"
  | "purgeTopic"
  | "deleteTopic";
