/**
 * DynamoDB as a key-value store for `keyValueStores`, by a client with the methods of the AWS SDK's
 * `DynamoDBDocument`:
 *
 *   const document = DynamoDBDocument.from(new DynamoDBClient());
 *   const { cursors, dedupe, leases } = keyValueStores(dynamoKeyValue(document, "ackloop"));
 *
 * The table has the partition key `name`, a text. Its "time to live" attribute is `expires`; an item that
 * DynamoDB deletes late does no harm. DynamoDB tells no time, so the machines' clocks count: keep them in
 * step, and leases and marks much longer than they may differ.
 */
import type { KeyValue } from "./key-value.ts";

/** What is needed of a client. */
export interface DynamoClient {
  get(input: {
    TableName: string;
    Key: Record<string, string>;
    ConsistentRead: boolean;
  }): Promise<{ Item?: Record<string, unknown> | undefined }>;
  put(input: {
    TableName: string;
    Item: Record<string, string | number>;
    ConditionExpression: string;
    ExpressionAttributeValues?: Record<string, number>;
  }): Promise<unknown>;
}

/** Keeps every text in an item with its revision. */
export function dynamoKeyValue(client: DynamoClient, table: string): KeyValue {
  return {
    async read(key) {
      const wanted = { TableName: table, Key: { name: key }, ConsistentRead: true };
      const { Item: item } = await client.get(wanted);
      return item && { text: String(item["body"]), revision: Number(item["revision"]) };
    },
    async write(key, { text, revision }, unusedAt) {
      const expiry = unusedAt === undefined ? {} : { expires: Math.ceil(unusedAt / 1000) };
      const unchanged =
        revision === 1
          ? { ConditionExpression: "attribute_not_exists(revision)" }
          : {
              ConditionExpression: "revision = :seen",
              ExpressionAttributeValues: { ":seen": revision - 1 },
            };
      const item = { name: key, body: text, revision, ...expiry };
      try {
        await client.put({ TableName: table, Item: item, ...unchanged });
        return true;
      } catch (error) {
        const { name } = error as { readonly name?: unknown };
        if (name === "ConditionalCheckFailedException") return false;
        throw error;
      }
    },
    now: async () => Date.now(),
  };
}
