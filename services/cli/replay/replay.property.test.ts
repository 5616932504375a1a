// Whatever the events: the shares of a replay together find what one replay of all finds, in the same order.
import { expect, it } from 'vitest'
import { hash52 } from '#shared/domain/hash52'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { openRows } from '#shared/wire/row-reader'
import { seededRandom } from '../../../tests/support/random.ts'
import { sumOf } from './counts.ts'
import { LineMerge } from './line-merge.ts'
import { LineGatherer } from './line-piece.ts'
import { lastPlace } from './place.ts'
import { Replay, type ReplayPart } from './replay.ts'
import { haveCommon } from './sorted-numbers.ts'
import type { Summary } from './summary.ts'
import { hostileLines, ruleSets } from './testing/replay-cases.ts'

interface Found {
  readonly results: string
  readonly deadLetters: string
  readonly summary: Summary
}

type Work = Pick<ReplayPart, 'ruleSet' | 'emit' | 'order'>

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** @returns undefined: the shares cannot be judged apart */
async function inShares(work: Work, text: string, count: number): Promise<Found | undefined> {
  const shares = []
  for (let index = 0; index < count; index++) {
    const results = new LineGatherer()
    const deadLetters = new LineGatherer()
    const rows = await openRows({ files: ['-'], format: 'json', schema: work.ruleSet.events, stdin: chunks(text) })
    const sink = {
      result: results.add.bind(results),
      deadLetter: deadLetters.add.bind(deadLetters),
      pause: async () => {},
    }
    const part = { ...work, rows, sink, latenessMs: 60_000, memoryBytesMax: 2 ** 22 }
    shares.push({ results, deadLetters, replay: new Replay(part, { index, count }) })
  }
  const isSorted = work.order === 'event-time'
  for (const { replay } of shares) await (isSorted ? replay.read() : replay.inArrivalOrder())
  if (isSorted && count > 1 && haveCommon(shares.map(({ replay }) => hashes(replay)))) return undefined
  if (isSorted) {
    for (const { replay } of shares) await replay.judge()
    const at = Math.max(...shares.map(({ replay }) => replay.now))
    for (const { replay } of shares) await replay.advance(at)
  }
  const summaries = shares.map(({ replay }) => replay.finish())
  return {
    results: merged(shares.map(({ results }) => results)),
    deadLetters: merged(shares.map(({ deadLetters }) => deadLetters)),
    summary: sumOf(summaries),
  }
}

function hashes({ batch }: Replay): Float64Array {
  return Float64Array.from({ length: batch.length }, (_, i) => hash52(batch.id[i], batch.at[i] | 0)).sort()
}

function merged(gatherers: readonly LineGatherer[]): string {
  const lines: string[] = []
  const merge = new LineMerge(gatherers.length, (text) => lines.push(text))
  for (const [i, gatherer] of gatherers.entries())
    for (let piece = gatherer.take(1000), isMore = true; isMore; piece = gatherer.take(1000)) {
      merge.add(i, piece, lastPlace)
      isMore = piece !== undefined
    }
  merge.flush()
  return lines.join('\n')
}

interface Case {
  readonly name: string
  readonly work: Work
  readonly areIdsShared: boolean
}

const casesOf = (name: string, ruleSet: RuleSet): Case[] =>
  (['event-time', 'arrival'] as const).flatMap((order) =>
    (['alerts', 'features', ...(ruleSet.scenarios.length > 0 ? ['decisions' as const] : [])] as const).flatMap((emit) =>
      [false, true].map((areIdsShared) => ({
        name: `${name}, ${emit} in order of ${order}${areIdsShared ? ', ids that recur' : ''}`,
        work: { ruleSet, emit, order },
        areIdsShared,
      })),
    ),
  )

const plain = casesOf('plain', ruleSets.plain)
const others = Object.entries({ absences: ruleSets.absences, scenario: ruleSets.scenario })
  .flatMap(([name, ruleSet]) => casesOf(name, ruleSet))
  .filter(({ work }) => work.order === 'event-time')

/** The first is long enough for lines to be written before the end. */
const rounds = 4

it.each([...plain, ...others])('$name', async ({ name, work, areIdsShared }) => {
  const random = seededRandom(hash52(name, 0))
  let split = 0
  let lines = 0
  for (let round = 0; round < rounds; round++) {
    const isLong = round === 0
    const rows = isLong ? 5_000 : 1 + Math.floor(random() * 200)
    const options = { stepMs: isLong ? 2_000 : [0, 300, 3_000][round % 3], disorderMs: [20_000, 0, 100_000][round % 3] }
    const input = hostileLines({
      random,
      rows,
      accounts: isLong ? 40 : [6, 2, 20][round % 3],
      areIdsShared,
      ...options,
    })
    const text = input.join('\n')
    const whole = await inShares(work, text, 1)
    for (const count of [2, 3]) {
      const parts = await inShares(work, text, count)
      if (parts === undefined) continue
      split++
      lines += parts.results.length
      expect(parts).toEqual(whole)
    }
  }
  // Where ids recur at one instant nothing is split in event order.
  if (!areIdsShared) expect(split).toBe(2 * rounds)
  if (work.emit === 'alerts') expect(lines).toBeGreaterThan(areIdsShared ? 0 : 1_000)
})
