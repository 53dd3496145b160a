import { MASK } from "./mask.ts";

/**
 * Puts back what was masked into what a person made of it: where a value is as it was shown, it is as it was, and
 * what was not shown at all is there again. `undefined` where that cannot be told: what stands for a masked value
 * is in another place now, or a list in which something was masked has another length.
 */
export function unmask(edited: unknown, shown: unknown, original: unknown): unknown {
  const masks = new Set<string>();
  gatherMasks(shown, original, masks);
  return putBack(edited, shown, original, masks);
}

/** Takes in every text that is shown in the place of another value. */
function gatherMasks(shown: unknown, original: unknown, masks: Set<string>): void {
  if (isSame(shown, original)) return;
  masks.add(MASK);
  if (typeof shown === "string" && shown !== "") masks.add(shown);
  if (typeof shown !== "object" || shown === null) return;
  for (const [name, member] of Object.entries(shown)) {
    gatherMasks(member, memberOf(original, name), masks);
  }
}

function putBack(
  edited: unknown,
  shown: unknown,
  original: unknown,
  masks: ReadonlySet<string>,
): unknown {
  if (isSame(edited, shown)) return original;
  if (typeof edited === "string") return hasMask(edited, masks) ? undefined : edited;
  if (typeof edited !== "object" || edited === null) return edited;
  if (Array.isArray(edited)) return putBackList(edited, shown, original, masks);
  const members = Object.entries(edited).map(([name, member]) => {
    return [name, putBack(member, memberOf(shown, name), memberOf(original, name), masks)] as const;
  });
  if (members.some(([, member]) => member === undefined)) return undefined;
  return Object.fromEntries([...lostOf(edited, shown, original), ...members]);
}

function putBackList(
  edited: readonly unknown[],
  shown: unknown,
  original: unknown,
  masks: ReadonlySet<string>,
): unknown {
  if (!Array.isArray(shown) || shown.length !== edited.length || isOfOtherLength(shown, original)) {
    const isToBeTold = hasLost(shown, original) || hasMaskInside(edited, masks);
    return isToBeTold ? undefined : edited;
  }
  const items = edited.map((item, at) => {
    return putBack(item, shown[at], memberOf(original, `${at}`), masks);
  });
  return items.includes(undefined) ? undefined : items;
}

/** The members that were not shown. */
function lostOf(edited: object, shown: unknown, original: unknown): [string, unknown][] {
  if (!isRecord(shown) || !isRecord(original)) return [];
  return Object.entries(original).filter(([name, member]) => {
    return member !== undefined && !Object.hasOwn(shown, name) && !Object.hasOwn(edited, name);
  });
}

/** Whether something was left out of what is shown, at any depth. */
function hasLost(shown: unknown, original: unknown): boolean {
  if (typeof shown !== "object" || shown === null) return false;
  if (lostOf({}, shown, original).length > 0 || isOfOtherLength(shown, original)) return true;
  return Object.entries(shown).some(([name, member]) => hasLost(member, memberOf(original, name)));
}

function isOfOtherLength(shown: unknown, original: unknown): boolean {
  const [one, other] = [shown, original].map((each) => Array.isArray(each) && each.length);
  return one !== false && other !== false && one !== other;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text this short is part of too much else. */
const LEAST = 3;

function hasMask(text: string, masks: ReadonlySet<string>): boolean {
  if (masks.has(text)) return true;
  return [...masks].some((mask) => mask.length >= LEAST && text.includes(mask));
}

function hasMaskInside(value: unknown, masks: ReadonlySet<string>): boolean {
  if (typeof value === "string") return hasMask(value, masks);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((member) => hasMaskInside(member, masks));
}

function memberOf(value: unknown, name: string): unknown {
  const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return isThere ? (value as Record<string, unknown>)[name] : undefined;
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (other !== undefined && JSON.stringify(one) === JSON.stringify(other));
}
