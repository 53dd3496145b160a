import { Refusal } from "../exchange.ts";
import { type Choices, checkChoices, isText } from "../options.ts";
import { texts } from "./assumptions.ts";

/** The state of an operation in the queue, as a test sets it. */
export interface KekkerQueueOperation {
  /** Where it is. */
  readonly status: "InQueue" | "InProgress" | "Success" | "Error";
  /** With `Success`. */
  readonly dealId?: string | undefined;
  /** With `Success`; a bigint for what a number cannot hold. */
  readonly localDealId?: number | bigint | undefined;
  /** With `Error`. */
  readonly error?: string | undefined;
}

const isLong = (value: unknown): boolean => Number.isInteger(value) || typeof value === "bigint";

const choices: Choices<KekkerQueueOperation> = {
  status: ["InQueue", "InProgress", "Success", "Error"],
  dealId: isText,
  localDealId: isLong,
  error: isText,
};

/** The operations of one channel. */
export interface Operations {
  /** Adds an operation, or replaces the one of this id; gives the id. */
  set(operation: KekkerQueueOperation, queueId?: bigint): bigint;
  /** The reply of the call that asks for one. Refuses an unknown id. */
  get(queueId: string): Readonly<Record<string, unknown>>;
  /** Deletes one that waits or has failed. Refuses others. */
  cancel(queueId: string): void;
}

/** Makes the operations of one channel, numbered from 1801 on. */
export function createOperations(): Operations {
  const operations = new Map<bigint, KekkerQueueOperation>();
  let lastId = 1_800n;

  function find(queueId: string): readonly [bigint, KekkerQueueOperation] {
    const id = /^\d{1,19}$/.test(queueId) ? BigInt(queueId) : undefined;
    const operation = id === undefined ? undefined : operations.get(id);
    if (id === undefined || !operation) throw new Refusal(400, texts.operationNotFound);
    return [id, operation];
  }

  return {
    set(operation, queueId) {
      checkChoices<KekkerQueueOperation>("kekker: operation", { ...operation }, choices);
      if (operation.status === undefined)
        throw new TypeError("kekker: operation must have a status");
      if (queueId === undefined) lastId += 1n;
      const id = queueId ?? lastId;
      operations.set(id, { ...operation });
      return id;
    },
    get(queueId) {
      const [id, operation] = find(queueId);
      return { ...operation, queueId: id };
    },
    cancel(queueId) {
      const [id, { status }] = find(queueId);
      if (status !== "InQueue" && status !== "Error") {
        throw new Refusal(400, texts.operationNotDeletable);
      }
      operations.delete(id);
    },
  };
}
