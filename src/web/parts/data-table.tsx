import type { ComponentChildren } from "preact";

/** A column of a table. */
export type Column<Row> = {
  readonly id: string;
  readonly name: string;
  readonly cell: (row: Row, index: number) => ComponentChildren;
  /** Can the table be sorted by it? */
  readonly isSortable?: boolean;
  /** Figures stand at the right, below each other. */
  readonly isFigure?: boolean;
};

/** By which column a table is sorted. */
export type Sorting = { readonly by: string; readonly isDescending: boolean };

type Props<Row> = {
  /** What the table is of, for who does not see what is around it. */
  readonly caption: string;
  /** The first one names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row, index: number) => string | number;
  readonly sorting?: Sorting;
  /** Asks for the rows in another order; whoever renders the table sorts, or has it sorted. */
  readonly onSort?: (sorting: Sorting) => void;
};

/** A table; where the page is narrow, a card for each row. It says its roles itself, since cards are no table to a browser. */
export function DataTable<Row>({ caption, columns, rows, keyOf, sorting, onSort }: Props<Row>) {
  return (
    <div class="scroll">
      <table role="table" class="cards">
        <caption class="off-screen">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <Head key={column.id} column={column} {...(sorting && { sorting })} {...(onSort && { onSort })} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row, index) => (
            <tr role="row" key={keyOf(row, index)}>
              {columns.map((column, at) => {
                const shared = { key: column.id, class: column.isFigure === true ? "figure" : undefined };
                const cell = column.cell(row, index);
                return at === 0 ? (
                  <th {...shared} role="rowheader" scope="row">
                    {cell}
                  </th>
                ) : (
                  <td {...shared} role="cell" data-name={column.name}>
                    {cell}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type HeadProps<Row> = {
  readonly column: Column<Row>;
  readonly sorting?: Sorting;
  readonly onSort?: (sorting: Sorting) => void;
};

function Head<Row>({ column, sorting, onSort }: HeadProps<Row>) {
  const { id, name, isSortable = false, isFigure = false } = column;
  const isBy = sorting?.by === id;
  const shared = { role: "columnheader", scope: "col", class: isFigure ? "figure" : undefined } as const;
  if (!isSortable || onSort === undefined) return <th {...shared}>{name}</th>;
  return (
    <th {...shared} aria-sort={!isBy ? "none" : sorting.isDescending ? "descending" : "ascending"}>
      <button
        type="button"
        class="sort"
        onClick={() => onSort({ by: id, isDescending: isBy && !sorting.isDescending })}
      >
        {name}
        <span aria-hidden="true">{!isBy ? "" : sorting.isDescending ? " ↓" : " ↑"}</span>
      </button>
    </th>
  );
}
