/** One mistake in a rule set's files. Lines and columns count from 1; columns count characters. */
export interface Diagnostic {
  /** Path as it was given, relative to the rule set's folder. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Stable name for editors and scripts: `unknown-name`, `bad-times`, … */
  readonly code: string
  readonly message: string
  /** What was probably meant. */
  readonly hint: string | undefined
  readonly severity: 'error' | 'warning'
}

/** A mistake inside an expression, by offset into its text; the loader places it in the file. */
export interface ExpressionProblem {
  readonly start: number
  readonly end: number
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
}

/**
 * The candidate nearest to what was written, if it is near enough to be a slip (Damerau–Levenshtein distance of at most a third of the length, at least 1).
 */
export function nearest(written: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(written.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforePrevious[j - 2] + 1)
      row.push(best)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.length]
}
