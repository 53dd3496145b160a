/** Signs that are not seen, or that turn the text beside them around. */
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A text in which what is not seen is written out, as JSON would: `\u202e`. */
export function visible(text: string): string {
  return text.replace(unseen, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Deeper than this nobody reads it by its indents, which would be longer than all else. */
const DEEPEST = 50;

function isDeep(value: unknown, left = DEEPEST): boolean {
  if (typeof value !== "object" || value === null) return false;
  return left === 0 || Object.values(value).some((member) => isDeep(member, left - 1));
}

/** JSON for people; it is JSON still. */
export function toJson(value: unknown): string {
  return visible(JSON.stringify(value, null, isDeep(value) ? 0 : 2) ?? "");
}

/** A text from elsewhere, which turns nothing beside it around. */
export function Foreign({ text, most = 300 }: { readonly text: string; readonly most?: number }) {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return <bdi>{visible(cut)}</bdi>;
}

/** A whole number as people read it. */
export function count(number: number): string {
  return number.toLocaleString("en");
}

const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
] as const;

/** A length of time. */
export function length(ms: number): string {
  const [size, unit] = units.find(([least]) => ms >= least) ?? [1, "ms"];
  const number = ms / size;
  return `${number < 10 && size > 1 ? Math.round(number * 10) / 10 : Math.round(number)} ${unit}`;
}

/** A size in bytes. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000
    ? `${Math.round(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A time of RFC 3339, in the zone of whoever looks. */
export function Moment({ at }: { readonly at: string | undefined }) {
  const time = at === undefined ? Number.NaN : Date.parse(at);
  if (at === undefined || Number.isNaN(time)) return <>–</>;
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  // The last day that there is may be over in the zone of whoever looks.
  if (Number.isNaN(date.getTime())) return <>{at}</>;
  return (
    <time dateTime={at} title={at}>
      {date.toISOString().replace(/\..*$/, "").replace("T", " ")}
    </time>
  );
}
