/** Half-open range of offsets into a text. */
export interface SourceRange {
  readonly start: number
  readonly end: number
}

/**
 * Widens the range of a node to the parentheses that it cuts through: a parser that drops them ends `a * (b + c)` before the last one.
 * Quoted text is no parenthesis.
 */
export function wholeRange(text: string, { start, end }: SourceRange): SourceRange {
  let open = 0
  let unopened = 0
  let quote = ''
  for (let i = start; i < end; i++) {
    const character = text[i]
    if (quote !== '') {
      if (character === '\\') i++
      else if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '(') open++
    else if (character === ')' && open > 0) open--
    else if (character === ')') unopened++
  }
  return { start: outward(text, start - 1, -1, '(', unopened) + 1, end: outward(text, end, 1, ')', open) }
}

/** Steps over `count` parentheses and the white space before each. */
function outward(text: string, from: number, step: 1 | -1, parenthesis: string, count: number): number {
  let at = from
  for (let left = count; left > 0; left--) {
    while (/\s/.test(text[at] ?? '')) at += step
    if (text[at] !== parenthesis) break
    at += step
  }
  return at
}
