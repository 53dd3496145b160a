/** Gives the next number of a reproducible sequence, from 0 up to and without 1. */
export type Random = () => number;

/**
 * Makes a generator whose whole sequence follows from the seed (mulberry32).
 *
 * Not for secrets. Equal seeds give equal sequences on every runtime.
 *
 * @param seed Any integer; its lower 32 bits count.
 */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Gives the generator of a purpose, such as `"token"`: what others take does not move it. */
export type RandomOf = (purpose: string) => Random;

/** Makes generators by purpose, whose sequences all follow from one seed. */
export function createRandoms(seed: number): RandomOf {
  const known = new Map<string, Random>();
  return (purpose) => {
    let own = known.get(purpose);
    if (!own) {
      const mixed = [...purpose].reduce(
        (sum, sign) => Math.imul(sum, 31) + sign.charCodeAt(0),
        seed,
      );
      own = createRandom(mixed);
      known.set(purpose, own);
    }
    return own;
  };
}

/** Makes an upper-case hexadecimal text of `length` digits, such as an id or a token. */
export function randomHex(random: Random, length: number): string {
  let text = "";
  while (text.length < length) text += Math.floor(random() * 16).toString(16);
  return text.toUpperCase();
}

/** Makes a text in the form of a version 4 UUID. */
export function randomUuid(random: Random): string {
  const hex = randomHex(random, 30).toLowerCase();
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(12, 15)}`];
  return [...groups, `a${hex.slice(15, 18)}`, hex.slice(18, 30)].join("-");
}
