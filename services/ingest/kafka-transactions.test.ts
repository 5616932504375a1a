import { describe, expect, it } from 'vitest'
import { batchesWithoutMessages, type TransactionBatch } from './kafka-transactions.ts'

interface NamedBatch extends TransactionBatch {
  readonly text: string
}

const data = (offset: number, producer: number, text: string, attributes = 0x10): NamedBatch => ({
  firstOffset: BigInt(offset),
  lastOffsetDelta: 0,
  attributes,
  producerId: BigInt(producer),
  records: [{ key: null }],
  text,
})
const marker = (offset: number, producer: number, kind: 'abort' | 'commit'): NamedBatch => ({
  ...data(offset, producer, kind, 0x30),
  records: [{ key: Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]) }],
})
const aborted = (producer: number, offset: number) => ({ producerId: BigInt(producer), firstOffset: BigInt(offset) })

describe('the batches of a fetch that hold no messages', () => {
  it.each([
    [
      'two aborts of one producer around a commit of it',
      [
        data(0, 7, 'rolled back'),
        marker(1, 7, 'abort'),
        data(2, 7, 'kept'),
        marker(3, 7, 'commit'),
        data(4, 7, 'rolled back'),
        marker(5, 7, 'abort'),
        data(6, 7, 'kept too'),
      ],
      [aborted(7, 4), aborted(7, 0)],
      ['kept', 'kept too'],
    ],
    ['an abort whose marker lies beyond the fetch', [data(0, 7, 'rolled back')], [aborted(7, 0)], []],
    [
      'an abort that began before the fetch',
      [data(5, 7, 'rolled back'), marker(6, 7, 'abort'), data(7, 7, 'kept')],
      [aborted(7, 1)],
      ['kept'],
    ],
    [
      'producers side by side, one of them without transactions',
      [
        data(0, 7, 'rolled back'),
        data(1, 8, 'kept'),
        data(2, 7, 'plain', 0),
        marker(3, 8, 'commit'),
        marker(4, 7, 'abort'),
      ],
      [aborted(7, 0)],
      ['kept', 'plain'],
    ],
    ['no abort', [data(0, 7, 'kept'), marker(1, 7, 'commit'), data(2, -1, 'plain', 0)], [], ['kept', 'plain']],
  ] as const)('are told with %s', (_, batches, transactions, kept) => {
    const silent = batchesWithoutMessages<NamedBatch>(batches, transactions)
    expect(batches.filter((batch) => !silent.has(batch)).map(({ text }) => text)).toEqual(kept)
  })
})
