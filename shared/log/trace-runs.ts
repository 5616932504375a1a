/** Trace contexts with equal neighbours counted: all records of a request have the same one, and a text is dear to pass between threads. */
export interface TraceRuns {
  readonly texts: readonly string[]
  readonly counts: readonly number[]
}

export function packTraces(traceparents: readonly string[]): TraceRuns {
  const texts: string[] = []
  const counts: number[] = []
  for (const text of traceparents)
    if (texts.length > 0 && texts[texts.length - 1] === text) counts[counts.length - 1]++
    else {
      texts.push(text)
      counts.push(1)
    }
  return { texts, counts }
}

export const unpackTraces = ({ texts, counts }: TraceRuns): string[] =>
  texts.flatMap((text, i) => Array<string>(counts[i]).fill(text))
