import { createRandom } from "../../src/emulator/random.ts";

/** Chance that follows from a seed. */
export interface Dice {
  /** From 0 up to and without 1. */
  next(): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  /** One of a list that is not empty. */
  pick<Item>(items: readonly Item[]): Item;
}

/** Makes dice. */
export function createDice(seed: number): Dice {
  const next = createRandom(seed);
  return {
    next,
    chance: (probability) => next() < probability,
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick<Item>(items: readonly Item[]): Item {
      return items[Math.floor(next() * items.length)] as Item;
    },
  };
}

/** The seed of one run of many, from the seed of them all. */
export function seedOf(seed: number, provider: string, index: number): number {
  let hash = (seed ^ 0x9e3779b9) | 0;
  for (const character of `${provider} ${index}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
