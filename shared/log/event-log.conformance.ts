import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AppendRequest, AppendResult, EventLog, TrimmableLog } from './event-log.ts'
import { LogUnavailable } from './event-log.ts'
import { MemoryEventLog, MemoryLogStorage } from './event-log-memory.ts'
import { appended, bodies, events, noon, readAll, records } from './testing/log-content.ts'

/** A log that nobody else uses, empty at first, with what it can do beyond the port. */
export interface LogUnderTest {
  readonly log: EventLog & TrimmableLog
  /** Opens what the log stored once more; the log was closed. */
  reopen(): Promise<EventLog & TrimmableLog>
  /** Removes what it stored. Every log on it was closed. */
  remove(): Promise<void>
  /** Tells repeats from conflicts however long ago the first was appended; otherwise at least within the lateness of the clock. */
  readonly tellsRepeatsForever: boolean
}

export interface LogOptions {
  readonly partitions: number
  readonly latenessMs: number
}

/** What every event log keeps to. Each case has a log of its own, of `partitions` partitions. */
export function eventLogConformance(name: string, open: (options: LogOptions) => Promise<LogUnderTest>): void {
  describe(name, () => {
    let world: LogUnderTest
    let log: EventLog
    beforeEach(async () => {
      world = await open({ partitions, latenessMs })
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

    it('is empty and ready at first', async () => {
      expect(log.health).toEqual({ isReady: true })
      const { first, next } = await log.bounds(0)
      expect(next).toBe(first)
      expect((await log.read(0, first, 1000)).length).toBe(0)
      expect(await log.find(['a'])).toEqual([])
      expect(await log.find([])).toEqual([])
      expect(await log.append(events([]))).toEqual({ kind: 'appended', offsets: [], isDuplicate: [] })
    })

    it('gives back what was appended, in order in each partition (L1)', async () => {
      const told = [
        await appended(
          log,
          events([{ id: 'a' }, { id: 'b', partition: 1 }, { id: 'c' }], { traceparent: '00-1-2-01' }),
        ),
        await appended(log, { ...events([{ id: 'd', partition: 1 }], { receivedAt: 7_000 }), kind: 'decide' }),
        await appended(log, own('tick', 0, 'now')),
      ]
      const check = async (): Promise<void> => {
        const [zero, one] = [await readAll(log, 0), await readAll(log, 1)]
        expect(zero.map(({ offset: _, ...record }) => record)).toEqual([
          { kind: 'event', receivedAt: 5_000, traceparent: '00-1-2-01', body: 'body of a' },
          { kind: 'event', receivedAt: 5_000, traceparent: '00-1-2-01', body: 'body of c' },
          { kind: 'tick', receivedAt: 5_000, traceparent: '', body: 'now' },
        ])
        expect(one.map(({ offset: _, ...record }) => record)).toEqual([
          { kind: 'event', receivedAt: 5_000, traceparent: '00-1-2-01', body: 'body of b' },
          { kind: 'decide', receivedAt: 7_000, traceparent: '', body: 'body of d' },
        ])
        expect(zero.map(({ offset }) => offset)).toEqual([told[0].offsets[0], told[0].offsets[2], told[2].offsets[0]])
        expect(one.map(({ offset }) => offset)).toEqual([told[0].offsets[1], told[1].offsets[0]])
        expect(zero.every(({ offset }, i) => i === 0 || offset > zero[i - 1].offset)).toBe(true)
      }
      await check()
      await reopen()
      await check()
    })

    it('reads as many as fit, and one at least', async () => {
      const sizes = [3, 1, 0, 5, 2, 100, 1]
      await appended(log, events(sizes.map((size, i) => ({ id: `e${i}`, body: 'x'.repeat(size) }))))
      const check = async (): Promise<void> => {
        const { first } = await log.bounds(0)
        expect((await log.read(0, first, 4)).length).toBe(3)
        for (const bytesMax of [0, 1, 4, 8, 50, 101, 1000]) {
          let from = first
          const read: number[] = []
          for (let block = await log.read(0, from, bytesMax); block.length > 0; ) {
            read.push(...records(block).map(({ body }) => body.length))
            const total = records(block).reduce((sum, { body }) => sum + body.length, 0)
            expect(block.length === 1 || total <= bytesMax).toBe(true)
            from = block.offsets[block.length - 1] + 1
            block = await log.read(0, from, bytesMax)
          }
          expect(read).toEqual(sizes)
        }
      }
      await check()
      await reopen()
      await check()
    })

    it('reads from any offset: below the first, within, at the end and beyond it', async () => {
      const { offsets } = await appended(log, events(['a', 'b', 'c'].map((id) => ({ id }))))
      const check = async (): Promise<void> => {
        const bodiesFrom = async (from: number) => records(await log.read(0, from, 1000)).map(({ body }) => body)
        expect(await bodiesFrom(0)).toHaveLength(3)
        expect(await bodiesFrom(offsets[1])).toEqual(['body of b', 'body of c'])
        expect(await bodiesFrom(offsets[2] + 1)).toEqual([])
        expect(await bodiesFrom(offsets[2] + 1_000)).toEqual([])
        const { first, next } = await log.bounds(0)
        expect(first).toBeLessThanOrEqual(offsets[0])
        expect(next).toBeGreaterThan(offsets[2])
      }
      await check()
      await reopen()
      await check()
    })

    it('keeps bodies of one byte and of 64 KiB', async () => {
      const large = new Uint8Array(64 * 1024).map((_, i) => (i * 7) % 256)
      const request = events(Array.from({ length: 40 }, (_, i) => ({ id: `e${i}` })))
      await appended(log, {
        ...request,
        bodies: request.bodies.map((_, i) => (i % 2 === 0 ? large : large.slice(i, i + 1))),
      })
      const check = async (): Promise<void> => {
        let from = (await log.bounds(0)).first
        for (let seen = 0; seen < 40; ) {
          const block = await log.read(0, from, 100_000)
          for (let i = 0; i < block.length; i++, seen++) {
            const body = block.bytes.subarray(block.starts[i], block.ends[i])
            expect(Buffer.compare(body, seen % 2 === 0 ? large : large.subarray(seen, seen + 1))).toBe(0)
          }
          from = block.offsets[block.length - 1] + 1
        }
      }
      await check()
      await reopen()
      await check()
    })

    it('does not change a block that was read, whatever is appended later', async () => {
      await appended(log, events([{ id: 'a' }]))
      const block = await log.read(0, 0, 1_000_000)
      for (let i = 0; i < 50; i++) await appended(log, events([{ id: `later-${i}` }]))
      expect(records(block).map(({ body }) => body)).toEqual(['body of a'])
    })

    it('appends for many at once, each request in full', async () => {
      const requests = Array.from({ length: 200 }, (_, r) =>
        events(Array.from({ length: 1 + (r % 7) }, (_, i) => ({ id: `${r}-${i}`, partition: (r + i) % partitions }))),
      )
      const results = await Promise.all(requests.map((request) => appended(log, request)))
      const stored = await Promise.all(Array.from({ length: partitions }, (_, partition) => readAll(log, partition)))
      const places = stored.map((all) => new Map(all.map(({ offset, body }) => [offset, body])))
      for (const [r, { offsets }] of results.entries())
        for (const [i, offset] of offsets.entries())
          expect(places[(r + i) % partitions].get(offset)).toBe(`body of ${r}-${i}`)
      expect(stored.flat()).toHaveLength(requests.reduce((sum, { ids }) => sum + ids.length, 0))
    })

    describe('of events with the same id', () => {
      it('tells a repeat by the place of the first, and appends it once (L3)', async () => {
        const first = await appended(log, events([{ id: 'a' }, { id: 'b' }, { id: 'a' }]))
        expect(first.isDuplicate).toEqual([false, false, true])
        expect(first.offsets[2]).toBe(first.offsets[0])
        const again = await appended(log, events([{ id: 'c' }, { id: 'b' }, { id: 'a' }]))
        expect(again.isDuplicate).toEqual([false, true, true])
        expect(again.offsets.slice(1)).toEqual([first.offsets[1], first.offsets[0]])
        expect(await bodies(log)).toEqual(['body of a', 'body of b', 'body of c'])
      })

      it('tells a repeat of what was asked for at the same moment', async () => {
        const results = await Promise.all(Array.from({ length: 20 }, () => appended(log, events([{ id: 'a' }]))))
        expect(results.filter(({ isDuplicate }) => !isDuplicate[0])).toHaveLength(1)
        expect(new Set(results.map(({ offsets }) => offsets[0])).size).toBe(1)
        expect(await bodies(log)).toEqual(['body of a'])
      })

      it('appends nothing of a request with a conflict, and names all of them', async () => {
        await appended(log, events([{ id: 'a' }]))
        const request = events([
          { id: 'b' },
          { id: 'a', digest: 2 },
          { id: 'c' },
          { id: 'a' },
          { id: 'b', digest: 2 },
          { id: 'c', at: noon + 1 },
        ])
        expect(await log.append(request)).toEqual({ kind: 'conflict', indexes: [1, 4, 5] })
        expect(await bodies(log)).toEqual(['body of a'])
        expect(await log.find(['b', 'c'])).toEqual([])
        const corrected = await appended(
          log,
          events([
            { id: 'b', digest: 2 },
            { id: 'c', at: noon + 1 },
          ]),
        )
        expect(corrected.isDuplicate).toEqual([false, false])
      })

      it('does not let the conflict of one request touch others of the same moment', async () => {
        await appended(log, events([{ id: 'a' }]))
        const results = await Promise.all([
          log.append(events([{ id: 'b' }])),
          log.append(events([{ id: 'x' }, { id: 'a', digest: 2 }])),
          log.append(events([{ id: 'c' }, { id: 'x' }])),
        ])
        expect(results.map(({ kind }) => kind)).toEqual(['appended', 'conflict', 'appended'])
        expect((await bodies(log)).sort()).toEqual(['body of a', 'body of b', 'body of c', 'body of x'])
      })

      it.each([
        ['the same time and content', 0, 1, 'repeat'],
        ['the same time, other content', 0, 2, 'conflict'],
        ['a time within the lateness', latenessMs - 1, 1, 'conflict'],
        ['an earlier time within the lateness', 1 - latenessMs, 2, 'conflict'],
        ['a time as far away as the lateness', latenessMs, 1, 'another'],
        ['an earlier time as far away as the lateness', -latenessMs, 2, 'another'],
        ['a time years before', -3 * 365 * 86_400_000, 1, 'another'],
      ])('takes %s for what it is', async (_, shift, digest, expected) => {
        const first = await appended(log, events([{ id: 'a' }]))
        const check = async (): Promise<void> => {
          const result = await log.append(events([{ id: 'a', at: noon + shift, digest }]))
          if (expected === 'conflict') expect(result).toEqual({ kind: 'conflict', indexes: [0] })
          else expect(result).toMatchObject({ kind: 'appended', isDuplicate: [expected === 'repeat'] })
          if (expected === 'repeat') expect(result).toMatchObject({ offsets: first.offsets })
        }
        if (expected !== 'another' && world.tellsRepeatsForever) {
          await check()
          await reopen()
        }
        await check()
      })

      it('tells repeats of each of several that are far apart', async () => {
        const list = [0, 1, 2].map((n) => ({ id: 'a', at: noon + n * latenessMs, digest: n }))
        const first = await appended(log, events(list))
        expect(first.isDuplicate).toEqual([false, false, false])
        const again = await appended(log, events([...list].reverse()))
        expect(again).toMatchObject({ isDuplicate: [true, true, true], offsets: [...first.offsets].reverse() })
      })

      it('takes one of another partition for a conflict: its content must differ', async () => {
        await appended(log, events([{ id: 'a' }]))
        expect(await log.append(events([{ id: 'a', partition: 1 }]))).toEqual({ kind: 'conflict', indexes: [0] })
      })

      it('compares digests by their 32 bits, with or without a sign', async () => {
        await appended(log, events([{ id: 'a', digest: -2 }]))
        expect((await appended(log, events([{ id: 'a', digest: 0xfffffffe }]))).isDuplicate).toEqual([true])
      })

      it('takes no notice of the kind of event, and never checks the records of owners', async () => {
        await appended(log, events([{ id: 'a' }]))
        const decide: AppendRequest = { ...events([{ id: 'a' }]), kind: 'decide' }
        expect((await appended(log, decide)).isDuplicate).toEqual([true])
        for (const kind of ['claim', 'ruleset', 'tick'] as const)
          for (let i = 0; i < 2; i++) expect((await appended(log, own(kind, 0, kind))).isDuplicate).toEqual([false])
        expect(await bodies(log)).toEqual(['body of a', 'claim', 'claim', 'ruleset', 'ruleset', 'tick', 'tick'])
        expect(await log.find([''])).toEqual([])
      })
    })

    it('finds events by their ids in order of appending, over partitions', async () => {
      await appended(log, events([{ id: 'b', partition: 1 }, { id: 'x' }], { traceparent: '00-1-2-01' }))
      await appended(log, { ...events([{ id: 'a' }], { receivedAt: 4_000 }), kind: 'decide' })
      await appended(log, events([{ id: 'b', at: noon + latenessMs, body: 'second', partition: 2 }]))
      const check = async (): Promise<void> => {
        const found = await log.find(['a', 'b', 'nobody', 'b'])
        expect(
          found.map(({ body, offset: _, ...event }) => ({ ...event, body: Buffer.from(body).toString() })),
        ).toEqual([
          { id: 'b', partition: 1, at: noon, receivedAt: 5_000, traceparent: '00-1-2-01', body: 'body of b' },
          { id: 'a', partition: 0, at: noon, receivedAt: 4_000, traceparent: '', body: 'body of a' },
          { id: 'b', partition: 2, at: noon + latenessMs, receivedAt: 5_000, traceparent: '', body: 'second' },
        ])
        for (const { partition, offset, body } of found) {
          const [record] = records(await log.read(partition, offset, 1))
          expect(record).toMatchObject({ offset, body: Buffer.from(body).toString() })
        }
      }
      await check()
      await reopen()
      await check()
    })

    it('takes every text for an id', async () => {
      const texts = hostileIds.map((id, i) => ({ id, body: `${i}` }))
      const first = await appended(log, events(texts))
      expect(first.isDuplicate).not.toContain(true)
      const check = async (): Promise<void> => {
        expect(await appended(log, events(texts))).toEqual({ ...first, isDuplicate: texts.map(() => true) })
        for (const [i, { id }] of texts.entries()) {
          const found = await log.find([id])
          expect(found.map((event) => [event.id, event.offset])).toEqual([[id, first.offsets[i]]])
        }
      }
      await check()
      if (!world.tellsRepeatsForever) return
      await reopen()
      await check()
    })

    it('wakes who waits for a record when it can be read, and nobody before', async () => {
      const { next } = await log.bounds(0)
      const never = new AbortController()
      const woken: string[] = []
      const first = log.waitFor(0, next, never.signal).then(() => woken.push('first'))
      await appended(log, events([{ id: 'other', partition: 1 }]))
      expect(woken).toEqual([])
      const { offsets } = await appended(log, events([{ id: 'a' }]))
      await first
      expect((await log.read(0, next, 100)).length).toBe(1)
      // Not `next + 1`: offsets may have gaps.
      const second = log.waitFor(0, offsets[0] + 1, never.signal).then(() => woken.push('second'))
      await appended(log, events([{ id: 'another', partition: 1 }]))
      expect(woken).toEqual(['first'])
      await appended(log, events([{ id: 'b' }]))
      await second
      await log.waitFor(0, next, never.signal)
    })

    it('lets go of who waits when the signal aborts', async () => {
      const { next } = await log.bounds(0)
      const controller = new AbortController()
      const waiting = log.waitFor(0, next, controller.signal)
      controller.abort()
      await waiting
      await log.waitFor(0, next, AbortSignal.abort())
    })

    it('finishes what it accepted when it closes, and refuses everything after', async () => {
      const waiting = log.waitFor(0, (await log.bounds(0)).next + 1_000, new AbortController().signal)
      const refusal = expect(waiting).rejects.toMatchObject({ _tag: 'LogUnavailable', reason: 'closed' })
      const accepted = Array.from({ length: 30 }, (_, i) => appended(log, events([{ id: `e${i}` }])))
      const reading = log.read(0, 0, 1_000)
      await Promise.all([log.close(), log.close()])
      await refusal
      await reading
      expect((await Promise.all(accepted)).every(({ isDuplicate }) => !isDuplicate[0])).toBe(true)
      for (const ask of [
        () => log.append(events([{ id: 'late' }])),
        () => log.read(0, 0, 1),
        () => log.find(['late']),
        () => log.bounds(0),
        () => log.waitFor(0, 1, AbortSignal.timeout(1_000)),
      ])
        await expect(ask()).rejects.toSatisfy((error) => error instanceof LogUnavailable && error.reason === 'closed')
      expect(log.health.isReady).toBe(false)
      log = await world.reopen()
      expect(log.health.isReady).toBe(true)
      expect(await bodies(log)).toHaveLength(30)
    })

    it('goes on where it was when it is opened again', async () => {
      const first = await appended(log, events([{ id: 'a' }, { id: 'b', partition: 1 }]))
      const bounds = await log.bounds(0)
      await reopen()
      expect(await log.bounds(0)).toEqual(bounds)
      if (world.tellsRepeatsForever)
        expect(await appended(log, events([{ id: 'a' }]))).toEqual({
          kind: 'appended',
          offsets: first.offsets.slice(0, 1),
          isDuplicate: [true],
        })
      const second = await appended(log, events([{ id: 'c' }]))
      expect(second.offsets[0]).toBeGreaterThan(first.offsets[0])
      expect(await bodies(log)).toEqual(['body of a', 'body of c'])
    })

    it('answers what the log in memory answers, whatever is asked', async () => {
      const oracle = new MemoryEventLog({ storage: new MemoryLogStorage(partitions), latenessMs })
      const draw = numbers(1)
      for (let round = 0; round < 150; round++) {
        const request = events(
          Array.from({ length: draw(6) }, () => {
            const number = draw(60)
            const at = noon + draw(3) * latenessMs + (draw(12) === 0 ? draw(2) : 0)
            const digest = draw(15) === 0 ? 2 : 1
            return { id: `e${number}`, partition: number % partitions, at, digest, body: `${number} ${at} ${digest}` }
          }),
        )
        const [expected, told] = [await oracle.append(request), await log.append(request)]
        expect(withoutOffsets(told)).toEqual(withoutOffsets(expected))
        if (round % 50 === 25 && world.tellsRepeatsForever) await reopen()
      }
      for (let partition = 0; partition < partitions; partition++)
        expect(await bodies(log, partition)).toEqual(await bodies(oracle, partition))
      const ids = Array.from({ length: 60 }, (_, i) => `e${i}`)
      const foundIn = async (from: EventLog) =>
        (await from.find(ids)).map(({ id, at, partition }) => [id, at, partition])
      expect(await foundIn(log)).toEqual(await foundIn(oracle))
    })
  })
}

const partitions = 3
const latenessMs = 600_000

const hostileIds: readonly string[] = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'x'.repeat(10_000),
  `${'x'.repeat(9_999)}y`,
  '\ud800',
  '\udc00',
  'a\ud800',
  '\ufffd',
  '\0',
  'a\0',
  'a',
  'a\0b',
  'é',
  'e\u0301',
  '🂡',
  '1',
  '01',
  "'; DROP TABLE ids; --",
]

function own(kind: 'claim' | 'ruleset' | 'tick', partition: number, body: string): AppendRequest {
  return { ...events([{ id: '', partition, body, at: 0, digest: 0 }]), kind }
}

const withoutOffsets = (result: AppendResult) =>
  result.kind === 'conflict' ? result : { kind: result.kind, isDuplicate: result.isDuplicate }

/** A seeded source of whole numbers below a bound. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
