import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Vector, VectorAnswer, VectorEvent, VectorPattern } from './vector-format.ts'
import { check, event, rule, run } from './vectors-adapter.ts'

/** Events at 1, 2, … ms; only what a test looks at is given. */
function vector(pattern: VectorPattern, events: readonly Partial<VectorEvent>[], more: Partial<Vector> = {}): Vector {
  const all = events.map((given, i) => ({
    id: i + 1,
    type: 'Event',
    name: 'a',
    price: 1,
    attrId: 1,
    ts: i + 1,
    ...given,
  }))
  return { name: 'a vector', pattern, events: all, ...more }
}

const named = (...names: readonly string[]): Partial<VectorEvent>[] => names.map((name) => ({ name }))

function answer(given: Vector): VectorAnswer {
  const got = run(given)
  if (got === null) throw new Error('it was not run')
  return got
}

const is = (name: string): string => `e.name == "${name}"`

describe('the names of steps', () => {
  it.each(['b*', 'not c', 'a or c', 'price', 'type', 'for', 'e', '1', 'now', 'count', 'b_'])(
    'may be "%s", in the answer too',
    (name) => {
      const steps = [
        { name, where: is('b'), times: { from: 1, to: null } },
        {
          name: 'b_',
          contiguity: 'next',
          where: `count(${name}) == 2 && ${name}[0].price + sum(${name}.price) == 3`,
        },
      ] as const
      const events = named('b', 'b', 'e')
      const unlike = name === 'b_' ? [steps[0], { ...steps[1], name: 'b' }] : steps
      expect(answer(vector({ steps: unlike, skip: { strategy: 'first', step: name } }, events)).matches).toContainEqual(
        {
          [name]: [1, 2],
          [name === 'b_' ? 'b' : 'b_']: [3],
        },
      )
    },
  )

  it('stay as they are in the rule where they can', () => {
    const group = [{ name: 'b*', where: is('b') }]
    const steps = [
      { name: 'start', where: 'e.type == "e.type"' },
      { contiguity: 'next', group },
    ] as const
    expect(rule(vector({ steps }, []))).toEqual({
      rule: 'vector',
      title: 'a vector',
      by: 'key',
      on: 'event',
      pattern: [
        { begin: 'start', where: 'kind == "e.type"' },
        { next: 'group', group: [{ begin: 'b_', where: 'name == "b"' }] },
      ],
      score: 50,
      severity: 'low',
    })
  })
})

describe('time', () => {
  const pair = { steps: [{ name: 'x' }, { name: 'y', contiguity: 'next' }] } as const

  it('is that of the vector, also before 1970', () => {
    const given = vector({ ...pair, within: { ms: 10, kind: 'first-last' } }, [{ ts: -20 }, { ts: -15 }, { ts: 3 }])
    expect(answer(given)).toMatchObject({
      matches: [{ x: [1], y: [2] }],
      timeouts: [{ match: { x: [2] }, at: -5 }],
      openPartials: 1,
    })
    expect(event(given, 1)).toMatchObject({ at: 0, ts: -20 })
  })

  it('is counted where there is none', () => {
    const given = vector(pair, [{ ts: null }, { ts: null }])
    expect(answer(given).matches).toEqual([{ x: [1], y: [2] }])
    expect(event(given, 2)).toEqual({
      ...{ id: '2', type: 'event', at: 2 },
      ...{ key: 'all', kind: 'Event', name: 'a', price: 1, ts: 2 },
    })
  })

  it('sorts up to a watermark, and drops what comes later', () => {
    const feed = [{ event: 1 }, { event: 2 }, { event: 3 }, { watermark: 5 }, { event: 4 }, { watermark: 9 }]
    const events = [{ ts: 5, price: 2 }, { ts: 5, price: 1 }, { ts: 3 }, { ts: 5 }]
    const given = vector(pair, events, { feed, eventTime: { tie: 'e.price' } })
    expect(answer(given)).toMatchObject({
      matches: [
        { x: [3], y: [2] },
        { x: [2], y: [1] },
      ],
      late: [4],
    })
    expect(answer(vector(pair, events.slice(0, 3), { eventTime: { tie: 'arrival' } })).matches).toEqual([
      { x: [3], y: [1] },
      { x: [1], y: [2] },
    ])
  })

  it('moves on after the last event', () => {
    const silent = {
      steps: [
        { name: 'x', where: is('a') },
        { name: 'no', contiguity: 'notFollowedBy' },
      ],
    } as const
    const given = vector({ ...silent, within: { ms: 10, kind: 'first-last' } }, [{}])
    expect(answer(given)).toMatchObject({ matches: [], openPartials: 1 })
    expect(answer({ ...given, advanceTo: 11 })).toMatchObject({ matches: [{ x: [1] }], openPartials: 0 })
  })

  it('does not run backwards', () => {
    expect(run(vector(pair, [{ ts: 2 }, { ts: 1 }]))).toBeNull()
  })
})

it('keeps keys apart', () => {
  const pair = { steps: [{ name: 'x' }, { name: 'y', contiguity: 'next' }] } as const
  const given = vector(pair, [{ attrId: 1 }, { attrId: 2 }, { attrId: 1 }], { keyBy: 'e.attrId' })
  expect(answer(given)).toMatchObject({ matches: [{ x: [1], y: [3] }], openPartials: 2 })
})

it('tells that a step to skip to is missing', () => {
  const steps = [
    { name: 'x', optional: true, where: is('x') },
    { name: 'y', contiguity: 'next' },
  ] as const
  const pattern = { steps, skip: { strategy: 'first', step: 'x', onMiss: 'error' } }
  expect(answer(vector(pattern, [{}])).error).toBe('skip-target')
})

describe('a pattern', () => {
  it('has the smallest window anywhere in it', () => {
    const within = (ms: number) => ({ ms, kind: 'first-last' }) as const
    const group = [{ name: 'y', within: within(20) }]
    expect(check({ steps: [{ name: 'x' }, { contiguity: 'next', group }], within: within(30) })).toEqual({
      invalid: null,
      canBeEmpty: false,
      windowMs: 20,
    })
    expect(check({ steps: [{ name: 'x', optional: true }] })).toEqual({ invalid: null, canBeEmpty: true, windowMs: 0 })
  })

  it('is refused for what is wrong with a step first', () => {
    const counted = { name: 'no', contiguity: 'notFollowedBy', times: { from: 3, to: 3 } } as const
    expect(check({ steps: [{ name: 'x' }, counted] }).invalid).toBe('quantifier-on-negation')
    const twice = [{ name: 'b*' }, { name: 'b*', contiguity: 'next' }] as const
    expect(check({ steps: twice }).invalid).toBe('duplicate-step-name')
    const { steps } = { steps: [{ name: 'x' }] }
    expect(check({ steps, skip: { strategy: 'last', step: 'not x' } }).invalid).toBe('unknown-skip-step')
  })
})

/** The rule language has no gap between the rounds of a group, and no name of an absence in an expression. */
const beyondTheLanguage = /a group has no|it is an absence/

it('gives what Flink answered, as far as the rule language reaches', { timeout: 60_000 }, () => {
  const lines = readFileSync(join(import.meta.dirname, 'testing', 'flink-answers.jsonl'), 'utf8')
    .trim()
    .split('\n')
  let compared = 0
  for (const line of lines) {
    const { events, matches, timeouts, open, error, ...given } = JSON.parse(line)
    const fed = events.map(([name, price, ts]: [string, number, number]) => ({ name, price, ts }))
    let got: VectorAnswer
    try {
      got = answer(vector(given.pattern, fed, given))
    } catch (refusal) {
      if (beyondTheLanguage.test(String(refusal))) continue
      throw refusal
    }
    compared++
    expect(got.error).toBe(error)
    if (error !== undefined) continue
    expect([sorted(got.matches), sorted(got.timeouts), got.openPartials], line).toEqual([
      sorted(matches),
      sorted(timeouts),
      open,
    ])
  }
  expect(compared).toBeGreaterThan(400)
})

function sorted(list: readonly object[]): string[] {
  const byName = (_: string, value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  return list.map((row) => JSON.stringify(row, byName)).sort()
}
