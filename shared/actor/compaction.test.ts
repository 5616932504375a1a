import { describe, expect, test } from 'vitest'
import type { Arena } from '#shared/memory/arena'
import { type BankEvent, bankRules, feed, PoisonedArena, run, second, transaction } from '../../tests/support/bank.ts'
import { Compaction } from './compaction.ts'

/** Rings, queues, texts, open runs and their copies. */
const rules = bankRules({
  shops: `
features:
  first: { first: merchant.id, over: 1h, current: exclude }
  largest: { max: amount, over: 1h }
when: first == merchant.id && largest > 10`,
  strike: `
features: { last: { last: merchant.id, over: 1h, current: exclude } }
pattern:
  - begin: probe
    where: amount < 2
  - followedBy: strike
    where: amount > 9 && merchant.id != probe.merchant.id && last != merchant.id
within: 10m
skip: past-last`,
})

function* purchases(from: number, to: number): Generator<BankEvent> {
  for (let i = from; i < to; i++) {
    const ids = [`tx-${i}`, `some id of a bank ${i}`, `0f0c77aa-0000-4000-8000-${String(i).padStart(12, '0')}`]
    yield transaction({
      id: ids[i % 3],
      at: ((i % 7 === 3 ? i - 70 : i) + 100) * second,
      account: `account-${(i * 7) % 97}`,
      amount: ((i * 7919) % 1100) / 100,
      merchant: { id: `merchant with a rather long name ${(i * 31) % 7}` },
    })
  }
}

const population = rules.events.keys.indexOf('account')

describe('compaction', () => {
  test('changes nothing of what is found', () => {
    const still = run(rules, [...purchases(0, 12_000)], { order: 'arrival' })
    const arena = new CountingArena(16 * 2 ** 20)
    const moved = run(rules, [], { order: 'arrival', arena })
    for (let from = 0; from < 12_000; from += 500) {
      feed(moved.engine, rules, purchases(from, from + 400))
      const isBegun = arena.beginVacating(2 ** 14)
      const owners = moved.engine.states.blockOwners
      for (const owner of owners) for (let slot = 0; slot < 50; slot++) owner.move(slot)
      // Events may come in between.
      feed(moved.engine, rules, purchases(from + 400, from + 500))
      for (const owner of owners) for (let slot = 50; slot < owner.slots; slot++) owner.move(slot)
      if (isBegun) arena.endVacating()
    }
    expect(arena.movedBlocks).toBeGreaterThan(300)
    expect(still.revisions.length).toBeGreaterThan(1_000)
    expect(moved.revisions).toEqual(still.revisions)
    expect(arena.usedWords).toBe(still.arena.usedWords)
  })

  test('makes room for a large block where much is free, and nowhere in one piece', () => {
    const { engine, arena } = fragmented()
    const compaction = new Compaction(arena, engine.states.blockOwners)
    expect(compaction.isCramped).toBe(true)
    compaction.finish()
    expect(compaction.isCramped).toBe(false)
    expect(arena.roomFor(largestWords(arena))).toBeGreaterThanOrEqual(1)
  })

  test('comes in steps, between which events go on', () => {
    const { engine, arena } = fragmented()
    const compaction = new Compaction(arena, engine.states.blockOwners)
    for (let step = 0; step < 2_000 && compaction.isCramped; step++) {
      compaction.step(16)
      feed(engine, rules, [
        transaction({ id: `late-${step}`, at: (900_000 + step) * second, account: `new ${step}`, amount: 3 }),
      ])
    }
    expect(compaction.isCramped).toBe(false)
  })

  test('leaves room for more actors than ever were at once, after a few with long histories have gone', () => {
    const arena = new PoisonedArena(2 ** 21)
    const { engine } = run(rules, [], { order: 'arrival', arena })
    const compaction = new Compaction(arena, engine.states.blockOwners)
    let sent = 0
    const send = (count: number, accountOf: (i: number) => string): void => {
      const events = Array.from({ length: count }, (_, i) => {
        const id = `0f0c77aa-0000-4000-8000-${String(++sent).padStart(12, '0')}`
        return transaction({ id, at: sent * 100, account: accountOf(i), amount: 3 })
      })
      feed(engine, rules, events)
    }
    while (arena.roomFor(largestWords(arena) / 4) > 0) send(50, (i) => `busy ${i}`)
    for (let i = 0; i < 50; i++) engine.states.passivate({ population, key: `busy ${i}` })
    for (let i = 0; i < 2_000; i += 250) {
      send(250, (k) => `account ${i + k}`)
      compaction.finish()
    }
    expect(engine.actors).toBe(2_000)
    expect(compaction.isCramped).toBe(false)
  }, 60_000)
})

/** Counts the blocks that were moved. */
class CountingArena extends PoisonedArena {
  movedBlocks = 0

  override moved(handle: number, words: number): number {
    const to = super.moved(handle, words)
    if (to !== handle) this.movedBlocks++
    return to
  }
}

/** An arena that was full of small histories, of which three in five have left. */
function fragmented(): { engine: ReturnType<typeof run>['engine']; arena: Arena } {
  const arena = new PoisonedArena(4 * 2 ** 20)
  const { engine } = run(rules, [], { order: 'arrival', arena })
  let accounts = 0
  while (arena.roomFor(256) > 0) {
    const account = `account ${accounts++}`
    feed(engine, rules, [transaction({ id: `${accounts}`, at: accounts * second, account, amount: 3 })])
  }
  for (let i = 0; i < accounts; i++) if (i % 5 > 1) engine.states.passivate({ population, key: `account ${i}` })
  return { engine, arena }
}

const largestWords = (arena: Arena): number => arena.U.length / 16
