import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bankRules, featuresRule, PoisonedArena } from '../../tests/support/bank.ts'
import { roundExpansion } from './exact-sum.ts'
import { Extremes } from './extremes.ts'
import { History } from './history.ts'
import { atWord, bitsHalf, headHalf, idWord, layoutOf, reservedBits } from './layout.ts'
import { Links } from './links.ts'
import { planPopulation } from './plan-population.ts'
import { Windows } from './windows.ts'

/** More with VIGIL_TEST_CASES. */
const cases = Number(process.env['VIGIL_TEST_CASES'] ?? 150)

const { events, rules } = bankRules({
  all: featuresRule({
    count: '{ count: all, over: 5ms, where: amount > 1 }',
    sum: '{ sum: amount, over: 9ms }',
    deviation: '{ stddev: amount, over: 5ms, delay: 3ms }',
    doubles: '{ stddev: risk, over: 9ms, where: amount > 1 }',
    shops: '{ distinct: items, over: 5ms }',
    shopsBefore: '{ distinct: items, over: 9ms, delay: 3ms, where: amount > 1 }',
    lastShops: '{ distinct: items, events: 4, where: amount > 1 }',
    both: '{ distinct: items, over: 9ms, events: 3 }',
    bothBefore: '{ sum: amount, over: 9ms, events: 5, delay: 3ms }',
    first: '{ first: items, over: 5ms, where: amount > 1 }',
    last: '{ last: items, over: 9ms, delay: 3ms }',
    largest: '{ max: amount, over: 9ms }',
    smallest: '{ min: amount, over: 5ms, delay: 3ms, where: amount > 1 }',
    since: '{ elapsed: all, where: amount > 1 }',
  }),
})
const plan = planPopulation({ events, key: 0, types: [0], rules })

/** One actor, whose records are bits and numbers that no event stands behind. */
class Actor {
  readonly arena = new PoisonedArena(2 ** 18)
  readonly layout = layoutOf(plan, 0)
  readonly history = new History(this.arena, this.layout, [])
  readonly links = new Links(this.history, plan)
  readonly extremes = new Extremes(this.history, plan.extremes)
  readonly windows = new Windows(this.history, this.links, this.extremes, plan)
  readonly h = this.arena.alloc(this.layout.headerWords * 2) / 2

  constructor() {
    this.history.open(this.h)
    this.windows.open(this.h)
  }

  append(record: { at: number; bits: number; values: readonly number[] }): void {
    const { arena, h, history, layout } = this
    this.windows.advance(h, record.at)
    if (history.isFull(h)) history.grow(h)
    const word = history.record(h, history.head(h))
    arena.F.fill(0, word, word + layout.recordWords)
    arena.F[word + atWord] = record.at
    arena.F[word + idWord] = 0
    for (let w = 0; w < layout.bitWords; w++)
      arena.U[word * 2 + bitsHalf + w] = w === 0 ? (record.bits << reservedBits) >>> 0 : 0
    plan.columns.forEach((_, i) => {
      arena.F[word + layout.columnsWord + i] = record.values[i % record.values.length]
    })
    arena.U[h * 2 + headHalf]++
    this.links.link(h)
    this.windows.enter(h)
  }

  takeOut(): void {
    const { arena, h, history } = this
    this.windows.retreat(h)
    this.links.unlink(h)
    const position = history.head(h) - 1
    arena.U[h * 2 + headHalf] = position
    const isEmpty = position === history.start(h)
    this.windows.rewindTime(h, isEmpty ? Number.NEGATIVE_INFINITY : history.at(h, position - 1))
    this.extremes.rewind(h, (cursor) => this.windows.cursor(h, cursor))
  }

  /** All that windows hold: sums as what they stand for, extremes as what they answer. */
  held(): unknown[] {
    const { arena, h, layout, windows } = this
    const sums = plan.accumulators.map(({ kind }, i) => {
      const word = h + layout.accumulatorWord[i]
      if (kind === 'expansion' || kind === 'expansion-squares') return roundExpansion(arena.F, word)
      return kind === 'squares' ? [...arena.F.subarray(word, word + 2)] : arena.F[word] + 0
    })
    const extremes = plan.features
      .filter(({ kind }) => kind === 'extreme')
      .map(({ source, window }) => this.extremes.read(h, source, windows.cursor(h, window.low)))
    const times = plan.cursors.flatMap(({ kind }, c) => (kind === 'time' ? [windows.cursor(h, c)] : []))
    return [...sums, ...extremes, ...times]
  }
}

const record = fc.record({
  step: fc.nat(3),
  bits: fc.nat(2 ** (plan.predicates.length + plan.faults.length) - 1),
  values: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 7 }),
})

it('a record that is taken out leaves the windows as it found them (W1)', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 50 }), fc.array(fc.nat(6)), (records, rewinds) => {
      const actor = new Actor()
      const states = [actor.held()]
      const times = [0]
      const appended: { at: number; bits: number; values: readonly number[] }[] = []
      const add = (next: { step: number; bits: number; values: readonly number[] }): void => {
        const at = times[times.length - 1] + next.step
        appended.push({ at, bits: next.bits, values: next.values })
        times.push(at)
        actor.append(appended[appended.length - 1])
        states.push(actor.held())
      }
      records.forEach((next, i) => {
        add(next)
        for (let back = Math.min(rewinds[i] ?? 0, appended.length); back > 0; back--) {
          actor.takeOut()
          appended.pop()
          times.pop()
          states.pop()
          expect(actor.held()).toEqual(states[states.length - 1])
        }
      })
    }),
    { numRuns: cases },
  )
})
