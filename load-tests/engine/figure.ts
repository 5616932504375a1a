/** One measured quantity, once a round. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly values: readonly number[]
  readonly goal?: Goal
}

export interface Goal {
  readonly kind: 'at-most' | 'at-least'
  readonly bound: number
}

export const atMost = (bound: number): Goal => ({ kind: 'at-most', bound })
export const atLeast = (bound: number): Goal => ({ kind: 'at-least', bound })

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** By the median. */
export function isReached({ values, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined
  return goal.kind === 'at-most' ? median(values) <= goal.bound : median(values) >= goal.bound
}

/** Columns: what, median, [lowest..highest], unit, goal. */
export function figureTable(figures: readonly Figure[]): string {
  return table(
    figures.map((figure) => {
      const { name, unit, values } = figure
      const range = values.length === 1 ? '' : `[${digits(Math.min(...values))}..${digits(Math.max(...values))}]`
      return [name, digits(median(values)), range, unit, goalText(figure)]
    }),
  )
}

/** Left-aligned but for the second column. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 1 ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Three digits that count, thousands with commas. */
export function digits(value: number): string {
  const places = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toLocaleString('en', {
    minimumFractionDigits: Math.min(places, 3),
    maximumFractionDigits: Math.min(places, 3),
  })
}

function goalText(figure: Figure): string {
  if (figure.goal === undefined) return ''
  const { kind, bound } = figure.goal
  return `goal ${kind === 'at-most' ? '<=' : '>='} ${bound.toLocaleString('en')}${isReached(figure) ? '' : ', MISSED'}`
}
