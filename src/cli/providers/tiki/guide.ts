import type { Guide } from "../../emulator-page/guide.ts";

export const guide: Guide = {
  about:
    "Your program pulls a page of events from a queue. The next pull, or an ack of its own, says how far you are: all events up to there are done.",
  place: "queue",
  holds: "waiting",
  samples: {
    ORDER_CREATED_SUCCESSFULLY: {
      type: "ORDER_CREATED_SUCCESSFULLY",
      payload: { order_code: "ORDER-1", status: "queueing" },
    },
    ORDER_STATUS_UPDATED: {
      type: "ORDER_STATUS_UPDATED",
      payload: { order_code: "ORDER-1", orderCode: "ORDER-1", status: "shipping" },
    },
    PRODUCT_PRICE_UPDATED: {
      type: "PRODUCT_PRICE_UPDATED",
      payload: { product_id: 1001, original_sku: "SKU-1", price_from: "90000", price_to: "85000" },
    },
    PRODUCT_MARKET_PRICE_UPDATED: {
      type: "PRODUCT_MARKET_PRICE_UPDATED",
      payload: {
        product_id: 1001,
        original_sku: "SKU-1",
        market_price_from: "99000",
        market_price_to: "95000",
      },
    },
    PRODUCT_INVENTORY_UPDATED: {
      type: "PRODUCT_INVENTORY_UPDATED",
      version: "v2",
      payload: { product_id: 1001, warehouse_id: 1, quantity_from: 8, quantity_to: 7 },
    },
  },
  calls: { pull: "pulls of events", ack: "acks", token: "requests for a token" },
  read(held) {
    const { type, payload } = Object(held);
    return { type, data: payload };
  },
  make: async (command, name) => String((await command("createQueue", { name }))["code"]),
  put: (command, queue, events) => command("publish", { queue, events }),
};
