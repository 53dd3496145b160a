/** How many runs may be spent on making a plan smaller. */
const MOST_RUNS = 300;

/** A plan whose parts are lists that can be shortened. */
type Parts<Part extends string> = { readonly [Each in Part]: readonly unknown[] };

/** How plans of a kind are made smaller. */
export interface Shrinking<Part extends string, Plan extends Parts<Part>> {
  /** The parts whose pieces are taken away, in this order. */
  readonly parts: readonly Part[];
  /** Plainer plans to try after that, each made of the smallest so far. */
  readonly plainer?: readonly ((plan: Plan) => Plan)[] | undefined;
  /** Whether a plan still breaks the promise. */
  readonly fails: (plan: Plan) => Promise<boolean>;
}

/**
 * Makes a plan smaller as long as it breaks the same promise.
 *
 * Of each part of the plan ever smaller pieces are taken away, by halves.
 */
export async function shrink<Part extends string, Plan extends Parts<Part>>(
  plan: Plan,
  { parts, plainer = [], fails }: Shrinking<Part, Plan>,
): Promise<Plan> {
  let left = MOST_RUNS;
  const stillFails = async (candidate: Plan): Promise<boolean> => {
    if (left === 0) return false;
    left -= 1;
    return fails(candidate);
  };
  let smallest = plan;
  for (const part of parts) {
    for (let size = smallest[part].length; size >= 1; size = size >> 1) {
      smallest = await withoutPieces(smallest, part, size, stillFails);
    }
  }
  for (const toPlainer of plainer) {
    const candidate = toPlainer(smallest);
    if (await stillFails(candidate)) smallest = candidate;
  }
  return smallest;
}

async function withoutPieces<Part extends string, Plan extends Parts<Part>>(
  plan: Plan,
  part: Part,
  size: number,
  stillFails: (plan: Plan) => Promise<boolean>,
): Promise<Plan> {
  let smallest = plan;
  let from = 0;
  while (from < smallest[part].length) {
    const items = smallest[part];
    const candidate = {
      ...smallest,
      [part]: [...items.slice(0, from), ...items.slice(from + size)],
    };
    if (await stillFails(candidate)) smallest = candidate;
    else from += size;
  }
  return smallest;
}

/** A plan as lines: what it is, and one for each piece of its parts. */
export function toLines<Part extends string>(
  head: string,
  plan: Parts<Part>,
  parts: readonly Part[],
): string[] {
  return [
    head,
    ...parts.flatMap((part) => plan[part].map((item) => `${part} ${JSON.stringify(item)}`)),
  ];
}
