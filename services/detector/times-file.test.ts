import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogBlockBuilder } from '#shared/log/log-block-builder'
import { PartitionTimes } from './partition-times.ts'
import { TimesFile } from './times-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-times-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

let now = 1_000
const troubles: unknown[] = []

function times(recordsMax = 1_000): PartitionTimes {
  const file = new TimesFile({ folder, partition: 0, recordsMax, onTrouble: (error) => troubles.push(error) })
  return new PartitionTimes({ partition: 0, pointsMax: 256, clock: () => now, file })
}

/** Appends, judges and commits one record, 100 ms for each. */
function pass(partition: PartitionTimes, offset: number): void {
  const builder = new LogBlockBuilder()
  builder.add({ offset, kind: 0, receivedAt: 1, traceparent: '' }, new Uint8Array(1))
  partition.appended(offset, now)
  now += 100
  partition.brings(builder.block())
  partition.reads(offset + 1)
  now += 100
  partition.commits(offset)
  partition.committed()
  now += 100
}

describe('times that are kept', () => {
  it('are known to the next process, and what passed between the two is not', () => {
    const first = times()
    first.reads(1)
    for (const offset of [1, 2]) pass(first, offset)
    // Killed: it does not close. Another process, without a file, has offset 3.
    const second = times()
    second.reads(4)
    pass(second, 4)
    for (const offset of [1, 2]) expect(second.of(offset)).toEqual(first.of(offset))
    expect(second.of(2)).toMatchObject({ appendedAt: expect.any(Number), committedAt: expect.any(Number) })
    expect(second.of(3)).toEqual({})
    expect(Object.values(second.of(4)).filter((time) => time === undefined)).toEqual([])
  })

  it('are those of the newest records only, so that files do not grow without end', () => {
    const first = times(30)
    first.reads(1)
    for (let offset = 1; offset <= 100; offset++) pass(first, offset)
    first.close()
    expect(readdirSync(folder).sort()).toEqual(['times-0', 'times-0.before'])
    const second = times(30)
    expect(second.of(100)).toEqual(first.of(100))
    expect(second.of(50)).toEqual({})
  })

  it('are read up to where a write was cut off, and go on from there', () => {
    const first = times()
    first.reads(1)
    pass(first, 1)
    first.close()
    appendFileSync(join(folder, 'times-0'), new Uint8Array(13))
    const second = times()
    second.reads(2)
    pass(second, 2)
    second.close()
    const third = times()
    expect(third.of(1)).toEqual(first.of(1))
    expect(third.of(2)).toEqual(second.of(2))
  })

  it('are told to be lost where they cannot be written, and all goes on', () => {
    const blocked = join(folder, 'file')
    writeFileSync(blocked, '')
    const onTrouble = (error: unknown): void => void troubles.push(error)
    const file = new TimesFile({ folder: blocked, partition: 0, recordsMax: 9, onTrouble })
    troubles.length = 0
    const partition = new PartitionTimes({ partition: 0, pointsMax: 256, clock: () => now, file })
    partition.reads(1)
    pass(partition, 1)
    partition.close()
    expect(troubles).toHaveLength(1)
    expect(partition.of(1).committedAt).toBeDefined()
  })
})
