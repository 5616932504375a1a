import type { Rows } from '../../api/vigil.ts'

/** Lines of JSON as rows. */
export function rowsOf(lines: readonly string[]): Rows {
  const bodies = lines.map((line) => Buffer.from(line))
  const starts: number[] = []
  const ends: number[] = []
  let at = 0
  for (const { length } of bodies) {
    starts.push(at)
    at += length
    ends.push(at)
  }
  return { bytes: Buffer.concat(bodies), length: lines.length, starts, ends }
}
