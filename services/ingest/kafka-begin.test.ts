import { expect, it } from 'vitest'
import { freshPartitionsBegin, none } from './kafka-begin.ts'

it.each([
  ['at the end for a new group that is to begin there', 'end', [none, none], 'end'],
  ['at the start for a group that has read the topic before it got the partition', 'end', [7n, 0n, none], 'start'],
  ['at the start for a group whose other partitions were empty', 'end', [0n, none], 'start'],
  ['at the start for a new group that is to begin there', 'start', [none], 'start'],
] as const)('a partition without a position is read %s', (_, from, committed, expected) => {
  expect(freshPartitionsBegin(from, committed)).toBe(expected)
})
