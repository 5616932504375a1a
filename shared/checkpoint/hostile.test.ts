import { describe, expect, it } from 'vitest'
import type { ActorState } from '#shared/actor/actor-state'
import { BadStateError } from '#shared/actor/bad-state'
import { Random } from '#shared/generator/random'
import { checkpointRules } from '../../tests/support/checkpoint-rules.ts'
import { type Saved, Store } from '../../tests/support/checkpoint-store.ts'
import { randomStream, ruleSetOf, World } from '../../tests/support/checkpoint-world.ts'
import { checksum32 } from './checksum.ts'
import { StateCodec } from './state-codec.ts'

const latenessMs = 120_000
const held = { hit: 0, number: 1, settlement: undefined }

function savedWorld(name: string, length = 160): { world: World; store: Store; saved: Saved; withBook: ActorState } {
  const ruleSet = ruleSetOf(checkpointRules[name])
  const random = new Random(5)
  const world = new World(ruleSet, { latenessMs, tracks: true })
  const store = new Store(world, random)
  let withBook: ActorState | undefined
  for (const event of randomStream(random, length, { latenessMs, keys: 3 })) {
    if (ruleSet.events.types.every(({ name: type }) => type !== event.type)) continue
    world.apply(event)
    if (!random.chance(0.15)) continue
    store.save(world)
    // What was found is kept only as long as it may change.
    withBook ??= [...store.actors.values()]
      .map(({ base, appended }) => store.codec.decodeActor(base, appended))
      .find(({ book }) => book.entries.length > 0)
  }
  store.save(world)
  const saved = [...store.actors.values()].find(({ appended }) => appended.length >= 2)
  if (saved === undefined || withBook === undefined) throw new Error('no actor was appended to, or nothing was found')
  return { world, store, saved, withBook }
}

/** The bytes with a checksum that fits again, as an attacker would write them. */
function sealed(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 4
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(end, checksum32(bytes, 0, end), true)
  return bytes
}

const reasonOf = (read: () => unknown): string | undefined => {
  try {
    read()
  } catch (failure) {
    if (failure instanceof BadStateError) return failure.reason
    throw failure
  }
  return undefined
}

describe.each(['patterns', 'scenario'])('bytes of actors under the rules of "%s"', (name) => {
  const { world, store, saved, withBook: state } = savedWorld(name)
  const { codec } = store
  const last = saved.appended.length - 1
  const withLast = (bytes: Uint8Array): Uint8Array[] => [...saved.appended.slice(0, last), bytes]

  it('are refused wherever they are cut', () => {
    for (let length = 0; length < saved.base.length; length++)
      expect(reasonOf(() => codec.decodeActor(saved.base.subarray(0, length)))).toMatch(/truncated|checksum/)
    for (let length = 0; length < saved.appended[last].length; length++) {
      const cut = saved.appended[last].subarray(0, length)
      expect(reasonOf(() => codec.decodeActor(saved.base, withLast(cut)))).toMatch(/truncated|checksum/)
    }
  })

  it('are refused whichever bit is flipped', () => {
    for (let bit = 0; bit < saved.base.length * 8; bit += 3) {
      const flipped = new Uint8Array(saved.base)
      flipped[bit >> 3] ^= 1 << (bit & 7)
      expect(reasonOf(() => codec.decodeActor(flipped))).toMatch(/checksum|version|not-a-state/)
    }
  })

  it('are read or refused, but never believed beyond their length, when made up', () => {
    const random = new Random(8)
    const target = new World(ruleSetOf(checkpointRules[name]), { latenessMs })
    // Headers of slots are kept for good, so one actor comes and goes first.
    target.engine.states.load(codec.decodeActor(saved.base, saved.appended))
    target.engine.states.passivate(saved.actor)
    const empty = target.arena.usedWords
    const seen = new Set<string>()
    for (let round = 0; round < 3_000; round++) {
      const bytes = new Uint8Array(saved.base)
      for (let flips = random.integer(1, 3); flips > 0; flips--)
        bytes[random.integer(13, bytes.length - 5)] = random.pick([0, 1, 127, 128, 255, random.integer(0, 255)])
      const { states } = target.engine
      const reason = reasonOf(() => {
        const state = codec.decodeActor(sealed(bytes))
        // A book part that others share stays in memory, so each would need an engine of its own.
        states.load({ ...state, book: { entries: [], lastAlerts: [] } })
        states.passivate(state)
      })
      expect(target.engine.actors).toBe(0)
      expect(target.arena.usedWords).toBe(empty)
      seen.add(reason ?? 'read')
    }
    expect([...seen].sort()).toEqual(['content', 'read', 'truncated'])
  })

  it('leave the alert book as it was where they are refused', () => {
    const random = new Random(9)
    const target = new World(ruleSetOf(checkpointRules[name]), { latenessMs })
    const { entries, lastAlerts } = state.book
    for (let round = 0; round < 50; round++) {
      const spoilt = random.pick(entries)
      const change = random.pick([{ standing: 99 }, { actors: [] }, { held: [{ ...held, hit: 99 }] }])
      const book = { lastAlerts, entries: entries.map((entry) => (entry === spoilt ? { ...entry, ...change } : entry)) }
      expect(reasonOf(() => target.engine.states.loadBook({ ...state, book }))).toBe('content')
    }
    target.engine.states.load(state)
    expect(codec.encodeActor(target.engine.states.save(state))).toEqual(codec.encodeActor(state))
  })

  it('are refused with the version, the plan and the kind that they have', () => {
    const newer = new Uint8Array(saved.base)
    newer[4] = 2
    expect(() => codec.decodeActor(sealed(newer))).toThrow(
      'version 2 of the bytes is not known here, which reads up to 1; start the release that wrote it, or a newer one',
    )
    const { shapes, fingerprint } = world.engine.states
    const other = new StateCodec({ shapes, fingerprint: '0123456789abcdef' })
    expect(() => other.decodeActor(saved.base)).toThrow(
      `state: the state was written under plan ${fingerprint}, and this engine runs 0123456789abcdef; start with the rule set`,
    )
    expect(reasonOf(() => codec.decodeActor(saved.appended[0]))).toBe('not-a-state')
    expect(reasonOf(() => codec.decodePartition(saved.base))).toBe('not-a-state')
    expect(reasonOf(() => codec.decodeActor(new Uint8Array(40).fill(7)))).toBe('not-a-state')
    expect(reasonOf(() => codec.decodeActor(new Uint8Array(0)))).toBe('truncated')
  })

  it('are refused out of order', () => {
    const withRecords = saved.appended.findIndex((_, i) => {
      const [before, after] = [i, i + 1].map((n) => codec.decodeActor(saved.base, saved.appended.slice(0, n)))
      return after.history.head > before.history.head
    })
    expect(withRecords).toBeGreaterThanOrEqual(0)
    const twice = [...saved.appended.slice(0, withRecords + 1), saved.appended[withRecords]]
    expect(reasonOf(() => codec.decodeActor(saved.base, twice))).toBe('order')
    const other = [...store.actors.values()].find((one) => one !== saved)
    expect(reasonOf(() => codec.decodeActor(other?.base ?? saved.base, saved.appended))).toBe('order')
  })
})

it('depends on the rule set and the settings which bytes an engine reads', () => {
  const fingerprint = (name: string, lateness: number): string =>
    new World(ruleSetOf(checkpointRules[name]), { latenessMs: lateness }).engine.states.fingerprint
  expect(fingerprint('windows', 1_000)).toBe(fingerprint('windows', 1_000))
  expect(fingerprint('windows', 1_000)).not.toBe(fingerprint('windows', 2_000))
  expect(fingerprint('windows', 1_000)).not.toBe(fingerprint('patterns', 1_000))
})
