import {
  type WorkatoEmulator,
  type WorkatoEmulatorOptions,
  workatoEmulator,
} from "../../../../src/emulator/index.ts";
import { type WorkatoClient, workato } from "../../../../src/providers/workato/index.ts";
import type { Ledger, Row, WireRequest, World } from "../../ledger.ts";

/** A row of Workato's ledger. */
export type WorkatoRow = Row<WorkatoEmulator, WorkatoClient, WorkatoEmulatorOptions>;
/** What its functions get. */
export type WorkatoWorld = World<WorkatoEmulator, WorkatoClient>;

const field = (name: string, label: string, optional = false) =>
  ({ control_type: "text", label, name, optional, type: "string" }) as const;

/** The topic that the page creates, reads, changes, purges and deletes. */
export const delivered = {
  name: "Order delivered",
  schema: [
    field("OrderId", "Order ID"),
    {
      control_type: "date",
      label: "Delivery date",
      name: "DeliveryDate",
      optional: false,
      type: "date_time",
    },
    field("DeliveredBy", "Delivered by", true),
  ],
  description: "Triggered when an order is delivered.",
} as const;

/** The same with the field that the page's update adds. */
export const withRecipient = [...delivered.schema, field("Recipient", "Recipient")] as const;

const date = (name: string, label: string) =>
  ({
    control_type: "date",
    label,
    name,
    optional: false,
    parse_output: "date_conversion",
    render_input: "date_conversion",
    type: "date_time",
  }) as const;

/** The two topics that the page lists. */
export const listed = [
  {
    id: 334_525,
    name: "Order placed",
    created_at: "2024-09-25T09:47:54.089-07:00",
    updated_at: "2024-09-25T09:47:54.089-07:00",
    retention: 604_800,
    schema: [
      field("OrderId", "Order ID"),
      field("CustomerId", "Customer ID"),
      field("Amount", "Amount"),
      date("OrderDate", "Order date"),
    ],
    description: "Triggered when a new order is placed.",
  },
  {
    id: 334_526,
    name: "Order shipped",
    created_at: "2024-09-25T09:51:12.130-07:00",
    updated_at: "2024-09-25T09:51:12.130-07:00",
    retention: 604_800,
    schema: [
      field("OrderId", "Order ID"),
      field("ShippingCarrier", "Shipping carrier"),
      field("TrackingNumber", "Tracking number"),
      date("ShippedDate", "Shipped date"),
    ],
    description: "Triggered when an order is shipped.",
  },
] as const;

/** The page's topic as every reply has it. */
export const made = {
  id: 334_527,
  created_at: "2024-09-25T09:56:32.986-07:00",
  updated_at: "2024-09-25T09:56:32.986-07:00",
  retention: 604_800,
  ...delivered,
} as const;

/** A topic of a reply as the client gives it. */
export function read({
  created_at: createdAt,
  updated_at: updatedAt,
  retention: retentionSeconds,
  ...others
}: Omit<typeof made, "schema"> | Omit<(typeof listed)[number], "schema">) {
  return { ...others, retentionSeconds, createdAt, updatedAt };
}

/** The path of the topics. */
export const topics = "{apiUrl}/event_streams/topics";

/** A request with or without a body. */
export function request(method: string, url: string, body?: unknown): WireRequest {
  return { method, url, ...(body !== undefined && { body }) };
}

/** A topic like the page's. */
export async function withTopic({ client }: WorkatoWorld) {
  const { id } = await client.topics.create(delivered);
  return { topicId: String(id) };
}

/** A topic that takes any object. */
export function withStream({ emulator }: WorkatoWorld) {
  return { topicId: String(emulator.createTopic("orders")) };
}

/** The ledger of some of Workato's documents. */
export function ledgerOf(
  rows: readonly WorkatoRow[],
  least: number,
): Ledger<WorkatoEmulator, WorkatoClient, WorkatoEmulatorOptions> {
  return {
    provider: "workato",
    least,
    emulate: (options) => workatoEmulator(options),
    connect: (fetch, { streamsUrl, apiUrl, token = "a-secret-token" } = {}) =>
      workato({
        token,
        streamsUrl,
        apiUrl,
        fetch,
        requestsPerMinute: Number.POSITIVE_INFINITY,
        retry: { attempts: 1 },
      }),
    headers: ({ token = "" }) => ({ authorization: `Bearer ${token}` }),
    rows,
  };
}
