import { describe, expectTypeOf, it } from "vitest";
import {
  type KekkerCategory,
  type KekkerClientsData,
  type KekkerDealData,
  type KekkerEventData,
  type KekkerEventType,
  type KekkerOptions,
  type KekkerQueueErrorData,
  type KekkerQueueState,
  type KekkerQueueSuccessData,
  type KekkerWireEvent,
  kekker,
} from "../../../src/providers/kekker/index.ts";

const node = kekker({ baseUrl: "https://n", channel: "c", login: "l", password: "p" });
type Maybe<Value> = Value | null | undefined;

describe("the members of an event", () => {
  it("K-003 the id", () => {
    expectTypeOf<KekkerWireEvent["eventUid"]>().toEqualTypeOf<string | number>();
  });

  it("K-004 the category: the documented ones, or another", () => {
    expectTypeOf<"System" | "Clients" | "Queue" | "Deals">().toExtend<KekkerCategory>();
    expectTypeOf<"Contracts">().toExtend<KekkerCategory>();
    expectTypeOf<KekkerEventData["category"]>().toEqualTypeOf<Maybe<KekkerCategory>>();
  });

  it("K-005 the type", () => {
    expectTypeOf<KekkerEventType>().toEqualTypeOf<
      | "SystemConfigurationUpdated"
      | "ClientsListUpdated"
      | "SuccessQueueEvent"
      | "ErrorQueueEvent"
      | "DealCreated"
      | "DealUpdated"
    >();
  });

  it("K-006 the id of what every event is about, where a document leaves it open perhaps none", () => {
    expectTypeOf<KekkerEventData["objectId"]>().toEqualTypeOf<Maybe<string>>();
    expectTypeOf<KekkerClientsData["objectId"]>().toEqualTypeOf<Maybe<string>>();
    expectTypeOf<KekkerDealData["objectId"]>().toEqualTypeOf<string>();
    expectTypeOf<KekkerQueueSuccessData["objectId"]>().toEqualTypeOf<string>();
    expectTypeOf<KekkerQueueErrorData["objectId"]>().toEqualTypeOf<string>();
  });

  it("K-007 the node's own id of a business object", () => {
    expectTypeOf<KekkerDealData["localObjectId"]>().toEqualTypeOf<Maybe<string>>();
  });

  it("K-008 the time", () => {
    expectTypeOf<KekkerWireEvent["timestamp"]>().toEqualTypeOf<Maybe<string>>();
  });

  it("K-045 the source of a members list", () => {
    expectTypeOf<"THIS" | "EXTERNAL">().toExtend<KekkerClientsData["source"]>();
    expectTypeOf<undefined>().toExtend<KekkerClientsData["source"]>();
  });

  it("K-046 the members of an operation's state", () => {
    type State = Pick<KekkerQueueSuccessData, "queueId" | "dealId" | "localDealId" | "status">;

    expectTypeOf<Required<State>>().toEqualTypeOf<{
      readonly queueId: Maybe<string>;
      readonly dealId: Maybe<string>;
      readonly localDealId: Maybe<string>;
      readonly status: Maybe<string>;
    }>();
    expectTypeOf<object>().toExtend<State>();
  });

  it("K-047 the error of an operation", () => {
    expectTypeOf<KekkerQueueErrorData["error"]>().toEqualTypeOf<Maybe<string>>();
    expectTypeOf<KekkerQueueErrorData["queueId"]>().toEqualTypeOf<Maybe<string>>();
  });
});

describe("the calls", () => {
  it("K-020 a page's number and size are optional", () => {
    (): unknown => node.events.list();
    (): unknown => node.events.list({});
    (): unknown => node.events.list({ pageNumber: 1 });
    (): unknown => node.events.list({ pageSize: 1 });
    // @ts-expect-error a number
    (): unknown => node.events.list({ pageSize: "1" });
  });

  it("K-058 the state of an operation", () => {
    expectTypeOf<KekkerQueueState["queueId"]>().toEqualTypeOf<string>();
    expectTypeOf<"InQueue" | "InProgress" | "Success" | "Error">().toExtend<
      KekkerQueueState["status"]
    >();
    expectTypeOf<{ queueId: string; status: string }>().toExtend<KekkerQueueState>();
  });

  it("K-066 a base URL is required", () => {
    // @ts-expect-error there is no central host
    const options: KekkerOptions = { channel: "c", login: "l", password: "p" };

    expectTypeOf(options).toExtend<object>();
  });
});
