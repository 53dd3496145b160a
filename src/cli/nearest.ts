import { editDistance } from "../core/edit-distance.ts";

/** `; did you mean "…"?` where one of the words is near enough, else an empty text. */
export function nearest(said: string, words: readonly string[]): string {
  const lower = said.toLowerCase();
  const near = words
    .map((word) => ({ word, distance: editDistance(lower, word.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance)[0];
  const isNear = near !== undefined && near.distance <= Math.max(1, Math.floor(said.length / 3));
  return isNear ? `; did you mean "${near.word}"?` : "";
}
