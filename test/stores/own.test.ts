import { expect, it } from "vitest";
import { checkedStores, type StoreSet } from "../../src/stores/index.ts";

/** A cursor store that is an object of a class. */
class Places {
  readonly #saved: string[] = [];

  async load(): Promise<undefined> {
    return undefined;
  }

  save: StoreSet["cursors"]["save"] = async (_, value, revision) => {
    this.#saved.push(value);
    return { status: "saved", revision: revision + 1 };
  };

  async all(): Promise<readonly string[]> {
    return this.#saved;
  }
}

const key = { consumer: "billing", feed: "orders" };

it("gives the stores that it was given, and no other", () => {
  expect(Object.keys(checkedStores({ cursors: new Places() }))).toEqual(["cursors"]);
  expect(checkedStores({})).toEqual({});
});

it("passes calls to the object that the store is", async () => {
  class Own extends Places {
    override async load(): Promise<undefined> {
      await this.all();
    }
  }
  const { cursors } = checkedStores({ cursors: new Own() });

  expect(await cursors.load(key)).toBeUndefined();
});

it("calls no store with a wrong argument, nor after its signal has fired", async () => {
  const places = new Places();
  const { cursors } = checkedStores({ cursors: places });
  const reason = new Error("the caller has left");
  const signal = AbortSignal.abort(reason);

  await expect(cursors.save({ ...key, feed: "" }, "a", 0)).rejects.toMatchObject({
    code: "config",
  });
  await expect(cursors.save(key, "b", 0, { signal })).rejects.toBe(reason);
  await cursors.save(key, "c", 0);

  expect(await places.all()).toEqual(["c"]);
});
