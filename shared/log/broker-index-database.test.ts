import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { BrokerIndexDatabase } from './broker-index-database.ts'

it('the index of a broker loses what the log no longer has, bit by bit with what is added, and finds the rest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-index-'))
  try {
    const index = new BrokerIndexDatabase({ folder, incarnation: 'a', partitions: 2, isForeign: false })
    const frameLength = 500
    /** Frames of both partitions in turn, with offsets [from, to). */
    const add = (from: number, to: number): void => {
      for (let offset = from; offset < to; offset += frameLength)
        for (const partition of [0, 1]) {
          const numbers = Array.from({ length: frameLength }, (_, i) => offset + i)
          const ids = numbers.map((number) => `e${number}`)
          const events = { partition, offset, stamp: offset, kinds: ids.map(() => 0), ids, at: numbers }
          index.add(events, [offset, partition === 0 ? offset : offset + frameLength])
        }
    }
    add(0, 60_000)
    index.removed(0, 50_000)
    add(60_000, 160_000)
    const found = (number: number): readonly string[] =>
      index.find([`e${number}`]).map(({ partition, offset }) => `${partition} ${offset}`)
    expect([...found(10), ...found(70_000)].sort()).toEqual(['0 70000', '1 10', '1 70000'])
    index.close()
    const database = new DatabaseSync(join(folder, 'log-index.db'))
    const count = (where: string): number =>
      Number(database.prepare(`SELECT count(*) AS n FROM ids WHERE ${where}`).get()?.['n'])
    expect(count('partition = 0 AND offset < 50000')).toBeLessThan(10_000)
    expect(count('partition = 1 AND offset < 50000')).toBe(50_000)
    database.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
