import type { JsonObject } from './json-row.ts'

/** One row before it is mapped: cells in the order of the columns, or an object of JSON. An empty cell of Parquet is undefined. */
export type Row = readonly unknown[] | JsonObject

/** What is known of all rows of a file before the first is read. */
export interface RowShape {
  /** The file, for messages. */
  readonly source: string
  /** Cells that are all strings, as in CSV; cells of whatever type; an object. */
  readonly kind: 'texts' | 'cells' | 'object'
  /** undefined: not known, as in JSON. */
  readonly columns: readonly string[] | undefined
}

/** A checked expression of a map. Throws what CEL throws on a row that it does not fit. */
export type MapExpression = (row: Row, line: number) => unknown
