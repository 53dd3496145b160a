import { once } from "node:events";
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import type { DynamoClient } from "../../examples/stores/dynamodb.ts";

type Value = { readonly S: string } | { readonly N: string };

/** What a test needs of DynamoDB. */
export interface DynamoServer {
  /** A client that speaks DynamoDB's HTTP protocol, with the methods of the AWS SDK. */
  readonly client: DynamoClient;
  /** Ends the server. */
  close(): void;
}

/** Starts a server that has DynamoDB's interface, with one table. */
export async function startDynamo(table: string): Promise<DynamoServer> {
  const server = dynalite({ createTableMs: 0 }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const call = (operation: string, input: object) => send(port, operation, input);
  await call("CreateTable", {
    TableName: table,
    AttributeDefinitions: [{ AttributeName: "name", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "name", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  const client: DynamoClient = {
    async get(input) {
      const { Item: item } = await call("GetItem", { ...input, Key: toWire(input.Key) });
      return item ? { Item: fromWire(item as Readonly<Record<string, Value>>) } : {};
    },
    put({ Item: item, ExpressionAttributeValues: values, ...input }) {
      const given = values && { ExpressionAttributeValues: toWire(values) };
      return call("PutItem", { ...input, Item: toWire(item), ...given });
    },
  };
  return { client, close: () => void server.close() };
}

async function send(port: number, operation: string, input: object) {
  const reply = await fetch(`http://127.0.0.1:${port}/`, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${operation}`,
      "x-amz-date": "20261101T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=a/20261101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=a",
    },
    body: JSON.stringify(input),
  });
  const body = (await reply.json()) as Readonly<Record<string, unknown>>;
  if (reply.ok) return body;
  const error = new Error(String(body["message"]));
  error.name = String(body["__type"]).replace(/^.*#/, "");
  throw error;
}

function toWire(item: Readonly<Record<string, string | number>>): Record<string, Value> {
  const values = Object.entries(item).map(([name, value]) => {
    return [name, typeof value === "string" ? { S: value } : { N: String(value) }];
  });
  return Object.fromEntries(values) as Record<string, Value>;
}

function fromWire(item: Readonly<Record<string, Value>>): Record<string, string | number> {
  const values = Object.entries(item).map(([name, value]) => {
    return [name, "S" in value ? value.S : Number(value.N)];
  });
  return Object.fromEntries(values) as Record<string, string | number>;
}
