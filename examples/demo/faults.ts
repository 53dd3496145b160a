/** The body of an error, with a status of success. */
export const refusal = { errors: ["the shop is closed"] };

/** Headers that nobody could mean. */
export const junk = {
  "retry-after": "soon 5",
  date: "the day before",
  "x-request-id": "\u00ff",
};
