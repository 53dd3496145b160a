import { describe, expect, it } from "vitest";
import { Queue } from "../../../src/loop/engine/queue.ts";

describe("the queue", () => {
  it("gives items in the order they came, however many there are", () => {
    const queue = new Queue<number>();
    const seen: (number | undefined)[] = [];
    let next = 0;

    for (let round = 0; round < 500; round += 1) {
      for (let index = 0; index < 7; index += 1) queue.push(next++);
      for (let index = 0; index < 5; index += 1) seen.push(queue.shift());
    }
    while (queue.length > 0) seen.push(queue.shift());

    expect(seen).toEqual(Array.from({ length: 3500 }, (_, index) => index));
  });

  it("gives nothing when it is empty", () => {
    const queue = new Queue<string>();
    queue.push("a");

    expect([queue.shift(), queue.shift(), queue.length]).toEqual(["a", undefined, 0]);
  });

  it("takes as many as there are, up to the number asked for", () => {
    const queue = new Queue<string>();
    for (const item of ["a", "b", "c"]) queue.push(item);

    expect([queue.take(2), queue.take(2), queue.take(2)]).toEqual([["a", "b"], ["c"], []]);
  });
});
