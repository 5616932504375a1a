import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { assertCases } from '../../../tests/support/assert-cases.ts'
import { patternCase } from '../../../tests/support/pattern-cases.ts'
import { sharedMissing, sharedPath } from '../../../tests/support/shared-data.ts'
import { replayText } from '../testing/disagreement.ts'
import { oracleVector } from '../testing/oracle-vector.ts'
import { holdsIn } from '../testing/pattern-case.ts'
import { runVector } from '../testing/vector.ts'
import type { Vector } from '../vector-format.ts'
import { oracle } from './oracle.ts'
import { scriptOracle } from './script-oracle.ts'
import { isPlain } from './scripts.ts'

describe('the oracle', () => {
  it('gives all recorded answers of Flink', () => {
    const text = readFileSync(join(import.meta.dirname, '..', 'testing', 'flink-answers.jsonl'), 'utf8')
    for (const line of text.trim().split('\n')) {
      const { events: given, matches, timeouts, open, error, ...rest } = JSON.parse(line)
      const events = given.map(([name, price, ts]: [string, number, number], index: number) => ({
        ...{ id: index + 1, type: 'Event', attrId: 0 },
        ...{ name, price, ts },
      }))
      const got = oracleVector({ name: '', ...rest, events })
      expect(got?.error, line).toBe(error)
      if (error !== undefined) continue
      expect([sorted(got?.matches), sorted(got?.timeouts), got?.openPartials], line).toEqual([
        sorted(matches),
        sorted(timeouts),
        open,
      ])
    }
  })

  it.skipIf(sharedMissing('reference vectors against the oracle', 'vectors', 'cep'))(
    'answers the reference vectors as the matcher does, which is judged by them',
    () => {
      const folder = sharedPath('vectors', 'cep')
      const files = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'PatternValidity.json')
      const vectors: readonly Vector[] = files.flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
      for (const vector of vectors) {
        // Sorting and dividing the stream is not the oracle's business.
        if (vector.keyBy !== undefined || vector.eventTime !== undefined) continue
        const [got, wanted] = [oracleVector(vector), runVector(vector)]
        expect(got?.error, vector.name).toBe(wanted.error)
        expect(sorted(got?.matches), vector.name).toEqual(sorted(wanted.matches))
        expect(sorted(got?.timeouts), vector.name).toEqual(sorted(wanted.timeouts))
        expect(got?.openPartials, vector.name).toBe(wanted.openPartials)
      }
    },
  )

  it('finds what is found by trying every script of a plain pattern on every choice of events', () => {
    let compared = 0
    assertCases(patternCase, {
      cases: 600,
      describe: replayText,
      check: (given) => {
        const { pattern, cards, until } = given
        if (!isPlain(pattern.steps)) return
        const ats = cards.map(({ at }) => at)
        const wanted = scriptOracle(pattern, ats, until, holdsIn(given))
        const got = oracle(pattern, ats, until, holdsIn(given))
        if (wanted === null || got === null) return
        compared++
        const told = got.reports.flat()
        const missed = told.filter(({ what }) => what === 'missed')
        if (missed.length > 0) return
        const matches = told.filter(({ what }) => what === 'matched' || what === 'stands').map(({ taken }) => taken)
        const timeouts = told.filter(({ what }) => what === 'timed out').map(({ taken, at }) => ({ taken, at }))
        expect({
          matches: sorted(matches),
          timeouts: [...new Set(sorted(timeouts))],
          oldest: got.oldest,
        }).toEqual({ matches: sorted(wanted.matches), timeouts: sorted(wanted.timeouts), oldest: wanted.oldest })
      },
    })
    expect(compared).toBeGreaterThan(50)
  })
})

function sorted(list: readonly unknown[] = []): string[] {
  return list.map(canonical).sort()
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
