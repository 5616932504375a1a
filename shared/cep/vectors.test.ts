import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { sharedAvailable, sharedMissing, sharedPath } from '../../tests/support/shared-data.ts'
import { readVectorPattern, runVector } from './testing/vector.ts'
import { checkPattern } from './validity.ts'
import type { StepIds, Vector, VectorPattern } from './vector-format.ts'

interface Judged extends Vector {
  readonly assertion: string
  readonly expect: readonly (StepIds & { readonly _flat?: readonly number[] })[] | null
  readonly expectCount?: number
  readonly expectError?: string
  readonly expectReference?: readonly StepIds[]
  readonly ordered?: boolean
  readonly equalEvents?: readonly (readonly number[])[]
  readonly timeouts?: readonly { readonly match: StepIds; readonly at?: number }[]
  readonly timeoutsOnly?: readonly string[]
  readonly openPartials?: number
}

interface JudgedPattern {
  readonly name: string
  readonly pattern: VectorPattern
  readonly invalid?: string | null
  readonly canBeEmpty?: boolean
  readonly windowMs?: number
}

describe.skipIf(sharedMissing('reference vectors of the matcher', 'vectors', 'cep'))('reference vectors', () => {
  for (const file of sharedFiles()) {
    describe(file, () => {
      for (const vector of read<Judged>(file)) test(vector.name, () => judge(vector))
    })
  }

  describe('which patterns are refused', () => {
    for (const { name, pattern, invalid, canBeEmpty, windowMs } of read<JudgedPattern>('PatternValidity.json'))
      test(name, () => {
        const validity = checkPattern(readVectorPattern(pattern).pattern)
        if (invalid !== undefined) expect(validity.problems[0]?.code ?? null).toBe(invalid)
        if (canBeEmpty !== undefined) expect(validity.canBeEmpty).toBe(canBeEmpty)
        if (windowMs !== undefined) expect(validity.windowMs).toBe(windowMs)
      })
  })
})

function sharedFiles(): string[] {
  if (!sharedAvailable('vectors', 'cep')) return []
  return readdirSync(sharedPath('vectors', 'cep'))
    .filter((file) => file.endsWith('.json') && file !== 'PatternValidity.json')
    .sort()
}

function read<T>(file: string): T[] {
  const path = sharedPath('vectors', 'cep', file)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []
}

function judge(vector: Judged): void {
  const got = runVector(vector)
  expect(got.error).toBe(vector.expectError)
  if (vector.assertion === 'count') expect(got.matches).toHaveLength(vector.expectCount ?? 0)
  if (vector.assertion === 'matches') judgeMatches(vector, got.matches)
  if (vector.assertion === 'partial')
    expect(rows(got.matches.map(firsts))).toEqual(rows((vector.expect ?? []).map(firsts)))
  if (vector.openPartials !== undefined) expect(got.openPartials).toBe(vector.openPartials)
  if (vector.eventTime?.late !== undefined) expect(got.late).toEqual(vector.eventTime.late)
  if (vector.timeouts !== undefined) judgeTimeouts(vector, got.timeouts)
}

/** Where a test cannot tell equal events apart, any of them will do. */
function judgeMatches(vector: Judged, matches: readonly StepIds[]): void {
  const expected = vector.expectReference ?? vector.expect ?? []
  if (vector.ordered === true) expect(matches.map(row)).toEqual(expected.map(row))
  const blur = (match: StepIds): StepIds =>
    Object.fromEntries(Object.entries(match).map(([step, ids]) => [step, ids.map((id) => blurred(vector, id))]))
  expect(rows(matches.map(blur))).toEqual(rows(expected.map(blur)))
}

function judgeTimeouts(vector: Judged, got: readonly { readonly match: StepIds; readonly at: number }[]): void {
  const { timeouts = [], timeoutsOnly } = vector
  const isTimed = timeouts.every(({ at }) => at !== undefined)
  const cut = ({ match, at }: { match: StepIds; at?: number }): string => {
    const steps = Object.entries(match).filter(([step]) => timeoutsOnly?.includes(step) ?? true)
    return row(Object.fromEntries(steps)) + (isTimed ? ` at ${at}` : '')
  }
  const all = (list: readonly { match: StepIds; at?: number }[]): string[] => list.map(cut).sort()
  if (timeoutsOnly !== undefined) expect(all(got)).toEqual(all(timeouts))
  else expect(new Set(all(got))).toEqual(new Set(all(timeouts)))
}

function blurred({ equalEvents = [] }: Judged, id: number): number {
  return equalEvents.find((ids) => ids.includes(id))?.[0] ?? id
}

function firsts(match: StepIds): StepIds {
  return Object.fromEntries(Object.entries(match).map(([step, ids]) => [step, ids.slice(0, 1)]))
}

function rows(matches: readonly StepIds[]): string[] {
  return matches.map(row).sort()
}

function row(match: StepIds): string {
  return JSON.stringify(Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1)))
}
