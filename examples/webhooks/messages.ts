/** The webhook that the programs beside this one mount. Wants DISCUE_SECRET, 16 characters or more. */
import { webhook } from "ackloop";
import { discueReceiver } from "ackloop/discue";

const receiver = discueReceiver({ secret: process.env["DISCUE_SECRET"] ?? "" });

export const handle = webhook(receiver, ({ data }) => {
  console.log(`a message: ${JSON.stringify(data)}`);
});
