const WIDTH = 240;
const HEIGHT = 48;

/** The path of a line through the values, from left to right; a gap where there is none. */
function pathOf(values: readonly (number | undefined)[], top: number): string {
  const step = WIDTH / Math.max(1, values.length - 1);
  let isDrawing = false;
  return values
    .map((value, at) => {
      const letter = isDrawing ? "L" : "M";
      isDrawing = value !== undefined;
      if (value === undefined) return "";
      const y = HEIGHT - 1 - (value / top) * (HEIGHT - 2);
      return `${letter}${(at * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

interface PlotProps {
  readonly title: string;
  /** Oldest first; nothing where nothing was measured. */
  readonly values: readonly (number | undefined)[];
  /** A value as text, with its unit. */
  readonly say: (value: number) => string;
}

/** A small plot of the last minutes: its line, the newest value and the highest, which is what is read out. */
export function Plot({ title, values, say }: PlotProps) {
  const known = values.filter((value) => value !== undefined);
  const top = Math.max(...known, 0) || 1;
  const last = known.at(-1);
  const text =
    last === undefined ? "nothing yet" : `${say(last)}, at most ${say(Math.max(...known))}`;
  return (
    <figure class="plot">
      <figcaption>
        <span>{title}</span> <strong>{last === undefined ? "–" : say(last)}</strong>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${text}`}
      >
        <path class="ground" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
        <path class="line" d={pathOf(values, top)} />
      </svg>
    </figure>
  );
}
