import type { ComponentChildren } from "preact";

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand to the right. */
  readonly isNumber?: boolean;
  /** Takes what room is left, and breaks long words. */
  readonly isWide?: boolean;
  /** Stands first in a row of a short table. */
  readonly isFirst?: boolean;
}

interface TableProps<Row> {
  /** What it holds, for those who do not see it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** What stands there without a row. */
  readonly empty: ComponentChildren;
  /** Whether rows take few lines on a narrow screen: what is first or wide its own, the others one together. */
  readonly isShort?: boolean;
}

function classOf<Row>({ isNumber, isWide, isFirst }: Column<Row>): string {
  const names = { number: isNumber, wide: isWide && !isNumber, first: isFirst };
  return Object.entries(names)
    .flatMap(([name, isSo]) => (isSo ? [name] : []))
    .join(" ");
}

/** A table; on a narrow screen each row is a card, with the title before each value. */
export function Table<Row>(props: TableProps<Row>) {
  const { caption, columns, rows, keyOf, empty, isShort } = props;
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table class={isShort ? "short" : ""}>
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.title} scope="col" class={classOf(column)}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map((column) => (
              <td key={column.title} class={classOf(column)} data-title={column.title}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
