/** The calls of Kekker's emulator, as faults and the journal name them. */
export type KekkerOperation = "list" | "ack" | "reset" | "queueGet" | "queueCancel";
