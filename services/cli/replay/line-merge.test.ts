import { expect, it } from 'vitest'
import { LineMerge } from './line-merge.ts'
import { LineGatherer, type LinePiece } from './line-piece.ts'
import { lastPlace, type Place, placeBefore } from './place.ts'

const place = (at: number, rest: Partial<Place> = {}): Place => ({ at, id: '', rank: 0, key: '', ...rest })

function piece(...places: readonly Place[]): LinePiece | undefined {
  const gatherer = new LineGatherer()
  for (const one of places) gatherer.add([one.at, one.id, one.rank, one.key].join(), one)
  return gatherer.take(1_000_000)
}

function mergeOf(threads: number): { merge: LineMerge; lines: () => string[] } {
  const written: string[] = []
  const merge = new LineMerge(threads, (lines) => written.push(...lines.split('\n')))
  return { merge, lines: () => written.splice(0) }
}

it('writes lines of several threads by time, id, rank and key', () => {
  const { merge, lines } = mergeOf(2)
  merge.add(
    0,
    piece(place(1), place(2, { id: '9' }), place(2, { id: '10', rank: 1 }), place(3, { key: 'b' })),
    lastPlace,
  )
  merge.add(1, piece(place(2, { id: '10' }), place(3, { key: 'a' }), place(4)), lastPlace)
  merge.flush()
  expect(lines()).toEqual(['1,,0,', '2,9,0,', '2,10,0,', '2,10,1,', '3,,0,a', '3,,0,b', '4,,0,'])
})

it('keeps a line as long as a thread may still give one before it', () => {
  const { merge, lines } = mergeOf(2)
  merge.add(0, piece(place(1), place(5)), placeBefore(6))
  merge.flush()
  expect(lines()).toEqual([])
  merge.add(1, undefined, placeBefore(5))
  merge.flush()
  expect(lines()).toEqual(['1,,0,'])
  merge.add(1, piece(place(5, { key: 'a' })), place(5, { key: 'b' }))
  merge.flush()
  expect(lines()).toEqual(['5,,0,', '5,,0,a'])
})

it('goes from piece to piece', () => {
  const { merge, lines } = mergeOf(2)
  merge.add(0, piece(place(1)), placeBefore(2))
  merge.add(0, piece(place(3)), lastPlace)
  merge.add(1, piece(place(2), place(4)), lastPlace)
  merge.flush()
  expect(lines()).toEqual(['1,,0,', '2,,0,', '3,,0,', '4,,0,'])
})
