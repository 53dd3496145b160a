import { describe, expect, it } from "vitest";
import { Changes } from "../../src/loop/changes.ts";

describe("changes", () => {
  it("wake everybody who waits, once each", async () => {
    const changes = new Changes();
    const woken: string[] = [];
    const first = changes.next().then(() => woken.push("first"));
    const second = changes.next().then(() => woken.push("second"));

    changes.notify();
    await Promise.all([first, second]);
    changes.notify();

    expect(woken).toEqual(["first", "second"]);
  });

  it("ask again after every change until it holds", async () => {
    const changes = new Changes();
    let value = 0;
    let asked = 0;
    const reached = changes.until(() => {
      asked += 1;
      return value >= 2;
    });

    value = 1;
    changes.notify();
    await Promise.resolve();
    await Promise.resolve();
    value = 2;
    changes.notify();
    await reached;

    expect(asked).toBe(3);
  });

  it("do not wait for what holds already", async () => {
    await expect(new Changes().until(() => true)).resolves.toBeUndefined();
  });

  it("cost nothing while nobody waits", () => {
    expect(() => new Changes().notify()).not.toThrow();
  });
});
