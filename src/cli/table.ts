// Tables that fit the terminal: numbers to the right, and long text cut with `…`, the longest first.
import { say, styled, columns as terminalColumns } from './terminal.ts';
import { cut, pad, widthOf } from './text.ts';

/** A column: its title and a cell for each row. */
export interface TableColumn {
  readonly title: string;
  readonly cells: readonly string[];
  /** Numbers: aligned to the right and never cut. */
  readonly right?: boolean;
}

const gap = '  ';
/** Text is not cut below so many columns, as long as anything else can be. */
const textWidthMin = 6;

/** The lines of a table, its titles first, in at most `width` columns; undefined: as wide as it gets. */
export function tableLines(columns: readonly TableColumn[], width: number | undefined): string[] {
  const widths = columns.map(({ title, cells }) => Math.max(widthOf(title), ...cells.map(widthOf)));
  if (width !== undefined) shrink(columns, widths, width);
  const line = (cellOf: (column: TableColumn) => string): string => {
    const cells = columns.map((column, i) =>
      pad(cut(cellOf(column), widths[i] as number), widths[i] as number, column.right),
    );
    const text = cells.join(gap).trimEnd();
    return width === undefined ? text : cut(text, width);
  };
  const rows = columns[0]?.cells.length ?? 0;
  return [
    line(column => column.title),
    ...Array.from({ length: rows }, (_, row) => line(column => column.cells[row] as string)),
  ];
}

/** Prints a table as wide as the terminal, or in full where there is none. */
export function printTable(columns: readonly TableColumn[]): void {
  const [titles, ...rows] = tableLines(columns, terminalColumns()) as [string, ...string[]];
  say(styled(titles, 'bold'), ...rows);
}

/** Takes from the widest text column until the row fits; what then still does not fit is cut at the line's end. */
function shrink(columns: readonly TableColumn[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1)) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [i, column] of columns.entries()) {
      if (!column.right && (widest < 0 || (widths[i] as number) > (widths[widest] as number))) widest = i;
    }
    if (widest < 0 || (widths[widest] as number) <= textWidthMin) return;
    widths[widest] = (widths[widest] as number) - 1;
    excess -= 1;
  }
}
