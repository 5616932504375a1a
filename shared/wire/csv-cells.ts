/**
 * The cells of one line of CSV (RFC 4180): separated by commas, in quotes where they hold a comma, a quote (doubled) or a line end.
 * A quote within an unquoted cell is a character like any other.
 * @returns what is wrong with the line as a text, where it cannot be split
 */
export function csvCells(line: string): string[] | string {
  return line.includes('"') ? quotedCells(line) : line.split(',')
}

function quotedCells(line: string): string[] | string {
  const cells: string[] = []
  let at = 0
  for (;;) {
    if (line[at] !== '"') {
      const end = line.indexOf(',', at)
      if (end === -1) {
        cells.push(line.slice(at))
        return cells
      }
      cells.push(line.slice(at, end))
      at = end + 1
      continue
    }
    const close = closingQuote(line, at + 1)
    if (close === -1) return `the quote that opens cell ${cells.length + 1} is not closed`
    cells.push(line.slice(at + 1, close).replaceAll('""', '"'))
    if (close + 1 === line.length) return cells
    if (line[close + 1] !== ',') return `text follows the closing quote of cell ${cells.length}`
    at = close + 2
  }
}

function closingQuote(line: string, from: number): number {
  let at = line.indexOf('"', from)
  while (at !== -1 && line[at + 1] === '"') at = line.indexOf('"', at + 2)
  return at
}
