/** A package of one's own, whose declarations name ours. */
import { consume } from "ackloop";
import { discue } from "ackloop/discue";
import { discueEmulator, tikiEmulator } from "ackloop/emulator";
import { kekker } from "ackloop/kekker";
import { memoryStores, sqliteStores } from "ackloop/stores";
import { memoryFeed } from "ackloop/testing";
import { tiki } from "ackloop/tiki";
import { workato } from "ackloop/workato";

export const stores = memoryStores();
export const file = sqliteStores("./state.db");
export const shop = tiki({ token: "t" });
export const feed = shop.feed("q");
export const flow = workato({ token: "t", region: "us" });
export const topic = flow.feed(1, { cursor: stores.cursors, consumer: "c" });
export const node = kekker({
  baseUrl: "https://a.example",
  channel: "c",
  login: "l",
  password: "p",
});
export const list = node.feed();
export const queue = discue({ apiKey: "k" });
export const receiver = queue.receiver({ name: "q", secret: "s".repeat(20) });
export const inbox = receiver.feed();
export const memory = memoryFeed();
export const emulators = [tikiEmulator(), discueEmulator()];
export const start = () => ({ run: consume(feed, () => {}) });
