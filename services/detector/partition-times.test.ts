import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LogBlockBuilder } from '#shared/log/log-block-builder'
import type { LogBlock } from '#shared/protocol/log-record'
import { PartitionTimes } from './partition-times.ts'
import { TimesFile } from './times-file.ts'

/** Records of a message each, from one offset to another. */
function block(from: number, to: number): LogBlock {
  const builder = new LogBlockBuilder()
  for (let offset = from; offset <= to; offset++)
    builder.add({ offset, kind: 0, receivedAt: 1, traceparent: '' }, new Uint8Array(1))
  return builder.block()
}

function times() {
  let now = 1_000
  const batches: number[][] = []
  const onBatch = ({ length }: LogBlock, start: number, end: number): void => void batches.push([length, start, end])
  const partition = new PartitionTimes({ partition: 0, pointsMax: 256, clock: () => now, onBatch })
  const at = (ms: number, act: () => void): void => {
    now = ms
    act()
  }
  return { partition, batches, at }
}

describe('the times of a partition', () => {
  it('are those of the append, the batch and the commit that an offset was in', () => {
    const { partition, batches, at } = times()
    at(1_000, () => partition.reads(10))
    partition.appended(10, 1_010)
    partition.appended(11, 1_011)
    at(1_020, () => partition.brings(block(10, 11)))
    at(1_025, () => partition.reads(12))
    at(1_100, () => partition.commits(11))
    at(1_104, () => partition.committed())
    const later = { judgedFrom: 1_020, judgedAt: 1_025, committedFrom: 1_100, committedAt: 1_104 }
    expect(partition.of(10)).toEqual({ appendedAt: 1_010, ...later })
    expect(partition.of(11)).toEqual({ appendedAt: 1_011, ...later })
    expect(batches).toEqual([[2, 1_020, 1_025]])
  })

  it('are unknown for what was appended, judged and committed before', () => {
    const { partition, at } = times()
    at(1_000, () => partition.reads(10))
    at(1_001, () => partition.brings(block(10, 10)))
    at(1_002, () => partition.reads(11))
    at(1_003, () => partition.commits(10))
    at(1_004, () => partition.committed())
    expect(partition.of(9)).toEqual({})
    // It was in the log already when this process began.
    expect(partition.of(10).appendedAt).toBeUndefined()
    expect(partition.of(11)).toEqual({})
  })

  it('do not count what the owner reads to look back, in the middle of a batch', () => {
    const { partition, batches, at } = times()
    at(1_000, () => partition.brings(block(1, 9)))
    at(1_001, () => partition.reads(10))
    at(1_002, () => partition.brings(block(10, 19)))
    at(1_003, () => partition.brings(block(1, 9)))
    at(1_009, () => partition.reads(20))
    expect(batches).toEqual([[10, 1_002, 1_009]])
    expect(partition.of(15).judgedFrom).toBe(1_002)
    expect(partition.of(5)).toEqual({})
  })

  it('are there for the next process although no event follows the last commit, and this one is killed at once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vigil-times-'))
    const of = (clock: () => number): PartitionTimes => {
      const onTrouble = (error: unknown): never => {
        throw error
      }
      const file = new TimesFile({ folder, partition: 0, recordsMax: 100, onTrouble })
      return new PartitionTimes({ partition: 0, pointsMax: 256, clock, file })
    }
    try {
      let now = 1_000
      const killed = of(() => now)
      killed.reads(10)
      killed.brings(block(10, 11))
      now = 1_001
      killed.reads(12)
      killed.commits(11)
      now = 1_002
      killed.committed()
      const next = of(() => now)
      for (const offset of [10, 11]) expect(next.of(offset)).toMatchObject({ judgedAt: 1_001, committedAt: 1_002 })
      expect(next.of(9).committedAt).toBeUndefined()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
