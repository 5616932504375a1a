import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventLogConformance, type LogOptions, type LogUnderTest } from './event-log.conformance.ts'
import { appended, events, readAll } from './testing/log-content.ts'

/** What every log of Vigil keeps to. */
export function trimmableLogConformance(name: string, open: (options: LogOptions) => Promise<LogUnderTest>): void {
  eventLogConformance(name, open)
  trimConformance(name, open)
}

/** What every log keeps to whose oldest records can go. Each case has a log of its own. */
function trimConformance(name: string, open: (options: LogOptions) => Promise<LogUnderTest>): void {
  describe(`${name}, whose oldest records go,`, () => {
    let world: LogUnderTest
    let log: LogUnderTest['log']
    beforeEach(async () => {
      world = await open({ partitions: 2, latenessMs: 600_000 })
      log = world.log
    })
    afterEach(async () => {
      await log.close()
      await world.remove()
    })
    const reopen = async (): Promise<void> => {
      await log.close()
      log = await world.reopen()
    }
    /** @returns their offsets in partition 0 */
    const fill = async (from: number, to: number): Promise<readonly number[]> => {
      const offsets: number[] = []
      for (let i = from; i < to; i++)
        offsets.push((await appended(log, events([{ id: `a${i}` }, { id: `b${i}`, partition: 1 }]))).offsets[0])
      return offsets
    }
    const always = Date.now() + 3_600_000
    const found = async (ids: readonly string[]): Promise<readonly string[]> =>
      (await log.find(ids)).map(({ id }) => id)

    it('has all that is not below the bound, and nothing of what is, also when it is opened again', async () => {
      const offsets = await fill(0, 20)
      await log.trim(0, { before: offsets[12], receivedBefore: always })
      const check = async (): Promise<void> => {
        const left = (await readAll(log, 0)).map(({ offset }) => offset)
        expect(left).toEqual(offsets.slice(12))
        expect((await log.bounds(0)).first).toBe(offsets[12])
        expect(await readAll(log, 1)).toHaveLength(20)
        expect(await found(['a3', 'b3', 'a12', 'a19'])).toEqual(['b3', 'a12', 'a19'])
      }
      await check()
      await reopen()
      await check()
      expect((await fill(20, 21))[0]).toBeGreaterThan(offsets[19])
    })

    it('keeps what came later, whatever the bound', async () => {
      await fill(0, 5)
      await log.trim(0, { before: Number.MAX_SAFE_INTEGER, receivedBefore: 0 })
      expect(await readAll(log, 0)).toHaveLength(5)
    })

    it('keeps its newest record, and never gives an offset out again', async () => {
      const offsets = await fill(0, 5)
      for (let i = 0; i < 2; i++) {
        await log.trim(0, { before: Number.MAX_SAFE_INTEGER, receivedBefore: always })
        expect((await readAll(log, 0)).map(({ offset }) => offset)).toEqual([offsets[4]])
      }
      await reopen()
      expect((await fill(5, 6))[0]).toBeGreaterThan(offsets[4])
    })

    it('can be trimmed where there is nothing', async () => {
      await log.trim(0, { before: 1, receivedBefore: always })
      await log.trim(1, { before: Number.MAX_SAFE_INTEGER, receivedBefore: always })
      expect(await readAll(log, 0)).toEqual([])
    })

    it('takes appends and reads meanwhile', async () => {
      const ids = Array.from({ length: 6_000 }, (_, i) => ({ id: `e${i}` }))
      const offsets: number[] = []
      for (let i = 0; i < ids.length; i += 500)
        offsets.push(...(await appended(log, events(ids.slice(i, i + 500)))).offsets)
      const trimming = log.trim(0, { before: offsets[5_500], receivedBefore: always })
      const more = await fill(0, 20)
      await trimming
      const left = (await readAll(log, 0)).map(({ offset }) => offset)
      // A broker keeps the rest of the frame in which the bound lies.
      expect(left.length).toBeLessThan(1_100)
      expect(left.slice(-520)).toEqual([...offsets.slice(5_500), ...more])
    })
  })
}
