import { Refusal } from "../exchange.ts";
import { type Choices, checkWhole, isText } from "../options.ts";
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

const isLong = (value: unknown): boolean =>
  Number.isSafeInteger(value) || typeof value === "bigint";

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

/** JavaScript may give a number. */
function toId(queueId: bigint | number): bigint {
  if (isLong(queueId) && queueId >= 0) return BigInt(queueId);
  throw new TypeError("kekker: queueId must be a whole number, as bigint");
}

/** Makes the operations of one channel, numbered from 1801 on. */
export function createOperations(): Operations {
  const operations = new Map<bigint, KekkerQueueOperation>();
  let lastId = 1_800n;

  /** One that no other operation has: ids can be given as well. */
  function newId(): bigint {
    do lastId += 1n;
    while (operations.has(lastId));
    return lastId;
  }

  function find(queueId: string): readonly [bigint, KekkerQueueOperation] {
    const id = /^\d{1,19}$/.test(queueId) ? BigInt(queueId) : undefined;
    const operation = id === undefined ? undefined : operations.get(id);
    if (id === undefined || !operation) throw new Refusal(400, texts.operationNotFound);
    return [id, operation];
  }

  return {
    set(operation, queueId) {
      checkWhole<KekkerQueueOperation>("kekker: operation", operation, choices, [
        "dealId",
        "localDealId",
        "error",
      ]);
      const id = queueId === undefined ? newId() : toId(queueId);
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
