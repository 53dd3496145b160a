/**
 * sqs-consumer with its SQS client replaced by the `fetch` of the loop by hand. Its pages are ten events, as
 * SQS's are. The client gives the parsed events along, where SQS would give texts to parse once more.
 */
import { pathToFileURL } from "node:url";
import { post, tikiEvents } from "./hand-written.ts";
import { handlerOf, type Side } from "./work.ts";

interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly item: unknown;
}

interface Consumer {
  on(name: string, listener: (error: unknown) => void): void;
  start(): void;
  stop(): void;
}

interface Package {
  readonly Consumer: { create(options: object): Consumer };
}

const home = `${process.cwd()}/.tmp/sqs-consumer/node_modules/sqs-consumer/dist/esm/index.js`;
const { Consumer } = (await import(pathToFileURL(home).href)) as Package;

/** What the consumer asks: pages from Tiki's queue; that a message is deleted, the next page tells. */
function clientOf(url: string) {
  let ackId: string | null = null;
  return {
    send: async (command: object): Promise<object> => {
      if (command.constructor.name !== "ReceiveMessageCommand") return {};
      const page = await post(`${url}/queues/bench/events/pull`, { ack_id: ackId });
      ackId = page.ack_id ?? null;
      const events = (page.events ?? []) as readonly { readonly id: string }[];
      const toMessage = (item: { readonly id: string }): Message => ({
        MessageId: item.id,
        ReceiptHandle: item.id,
        item,
      });
      return { Messages: events.map(toMessage) };
    },
  };
}

/** Tiki by sqs-consumer. */
export const tikiLoop: Side = (work) =>
  new Promise((resolve, reject) => {
    const handle = handlerOf(work);
    let handled = 0;
    const consumer = Consumer.create({
      queueUrl: work.url,
      batchSize: 10,
      sqs: clientOf(work.url),
      handleMessage: async (message: Message) => {
        tikiEvents.parse(message.item);
        await handle();
        handled += 1;
        return message;
      },
    });
    consumer.on("error", reject);
    consumer.on("processing_error", reject);
    consumer.on("empty", () => {
      consumer.stop();
      resolve(handled);
    });
    consumer.start();
  });
