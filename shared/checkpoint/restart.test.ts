import { describe, expect, it } from 'vitest'
import { compareEvents } from '#shared/domain/event-order'
import { Random } from '#shared/generator/random'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { checkpointRules } from '../../tests/support/checkpoint-rules.ts'
import { nameOf, Store } from '../../tests/support/checkpoint-store.ts'
import { actorsOf, randomStream, ruleSetOf, World } from '../../tests/support/checkpoint-world.ts'
import { StateCodec } from './state-codec.ts'

const latenessMs = 120_000

describe.each(Object.entries(checkpointRules))('the state of actors under the rules of "%s"', (_, files) => {
  const ruleSet = ruleSetOf(files)
  const fresh = (): World => new World(ruleSet, { latenessMs, tracks: true })

  it.each([1, 2, 3])('goes on after a restart as if nothing had been (seed %i)', (seed) => {
    const random = new Random(seed)
    const steady = fresh()
    let restarted = fresh()
    const store = new Store(restarted, random)
    for (const event of streamFor(ruleSet, random, 300)) {
      if (random.chance(0.08)) store.save(restarted)
      if (random.chance(0.03)) {
        store.save(restarted)
        const next = fresh()
        const codec = new StateCodec(next.engine.states)
        next.engine.states.loadPartition(codec.decodePartition(store.partition))
        for (const saved of shuffled([...store.actors.values()], random)) store.load(next, saved)
        expectSameStates(restarted, next)
        next.told.push(...restarted.told)
        restarted = next
      }
      steady.apply(event)
      restarted.apply(event)
    }
    expect(restarted.told).toEqual(steady.told)
    expect(restarted.engine.ruleCounts).toEqual(steady.engine.ruleCounts)
    expect(store.appends).toBeGreaterThan(3)
    expect(store.bases).toBeGreaterThan(3)
  })

  it.each([11, 12])('may leave memory and come back (seed %i)', (seed) => {
    const random = new Random(seed)
    const steady = fresh()
    let roomy = fresh()
    const store = new Store(roomy, random)
    for (const event of streamFor(ruleSet, random, 300)) {
      if (random.chance(0.1)) {
        store.save(roomy)
        for (const { actor } of store.actors.values())
          if (roomy.engine.states.isResident(actor) && random.chance(0.5)) roomy.engine.states.passivate(actor)
      }
      if (random.chance(0.01)) {
        // A new owner reads the alert book, and histories when they are needed.
        store.save(roomy)
        const next = fresh()
        next.engine.states.loadPartition(store.codec.decodePartition(store.partition))
        for (const { base, appended } of store.actors.values())
          next.engine.states.loadBook(store.codec.decodeActor(base, appended))
        next.told.push(...roomy.told)
        roomy = next
      }
      steady.apply(event)
      store.loadNeeded(roomy, actorsOf(ruleSet, event), event.at)
      roomy.apply(event)
    }
    expect(roomy.told).toEqual(steady.told)
  })

  it('goes on after restarts of a replay in order, too', () => {
    const random = new Random(21)
    const sorted = (): World => new World(ruleSet, { latenessMs, isSorted: true, tracks: true })
    const steady = sorted()
    let restarted = sorted()
    const store = new Store(restarted, random)
    const distinct = new Map(streamFor(ruleSet, random, 300).map((event) => [event.id, event]))
    for (const event of [...distinct.values()].sort(compareEvents)) {
      if (random.chance(0.05)) {
        store.save(restarted)
        const next = sorted()
        next.engine.states.loadPartition(store.codec.decodePartition(store.partition))
        for (const saved of store.actors.values()) store.load(next, saved)
        next.told.push(...restarted.told)
        restarted = next
      }
      steady.apply(event)
      restarted.apply(event)
    }
    expect(restarted.told).toEqual(steady.told)
  })

  it('leaves nothing behind when all actors leave memory', () => {
    const random = new Random(5)
    const world = fresh()
    const store = new Store(world, random)
    const events = streamFor(ruleSet, random, 300)
    let headers = 0
    for (let round = 0; round < 2; round++) {
      for (const event of events) world.apply(event)
      store.save(world)
      for (const { actor } of store.actors.values())
        if (world.engine.states.isResident(actor)) world.engine.states.passivate(actor)
      expect(world.engine.actors).toBe(0)
      if (round === 0) headers = world.arena.usedWords
    }
    expect(world.arena.usedWords).toBe(headers)
  })
})

it('may append records that do not follow those before, where these are no longer kept', () => {
  const world = new World(ruleSetOf(checkpointRules['windows']), { latenessMs, tracks: true })
  const { states } = world.engine
  const codec = new StateCodec(states)
  const actor = { population: 0, key: 'A' }
  const pay = (minutes: number): void =>
    world.apply({
      type: 'payment',
      at: minutes * 60_000,
      id: `${minutes}`,
      fields: { account: 'A', amount: 1, kind: 'a' },
    })
  for (let minutes = 0; minutes < 5; minutes++) pay(minutes)
  const base = codec.encodeActor(states.save(actor))
  const { head } = codec.decodeActor(base).history
  for (let minutes = 10; minutes < 600; minutes += 10) pay(minutes)
  const appended = codec.encodeAppended(states.saveAppended(actor))
  const state = codec.decodeActor(base, [appended])
  expect(state.history.start).toBeGreaterThan(head)
  expect(codec.encodeActor(state)).toEqual(codec.encodeActor(states.save(actor)))
})

const streamFor = ({ events }: RuleSet, random: Random, length: number) =>
  randomStream(random, length, { latenessMs, keys: events.types.length > 1 ? 5 : 3 }).filter(({ type }) =>
    events.types.some(({ name }) => name === type),
  )

/** Base and appended records hold what a base holds that is written now, and loading changes nothing of it. */
function expectSameStates(saved: World, loaded: World): void {
  const codec = new StateCodec(saved.engine.states)
  const store = new Store(saved, new Random(0))
  for (const world of [saved, loaded])
    for (const { actor } of store.actors.values())
      expect(codec.encodeActor(world.engine.states.save(actor))).toEqual(store.actors.get(nameOf(actor))?.base)
}

function shuffled<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(0, i)
    ;[items[i], items[j]] = [items[j], items[i]]
  }
  return items
}
