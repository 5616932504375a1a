import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ActorState } from '#shared/actor/actor-state'
import type { RecordShape } from '#shared/actor/record-rows'
import { Random } from '#shared/generator/random'
import { checkpointRules } from '../../tests/support/checkpoint-rules.ts'
import { Store } from '../../tests/support/checkpoint-store.ts'
import { randomStream, ruleSetOf, World } from '../../tests/support/checkpoint-world.ts'
import { StateCodec } from './state-codec.ts'
import { stateVersion } from './version.ts'

// Bytes of every released version, and what stands in them. A file is never changed: a new version adds its own, written by
//   WRITE_GOLDEN_STATES=yes npx vitest run shared/checkpoint/golden.test.ts

const folder = join(import.meta.dirname, 'golden')

interface Golden {
  readonly fingerprint: string
  readonly shapes: readonly (RecordShape | null)[]
  readonly partition: string
  readonly actors: readonly { readonly pieces: readonly number[]; readonly state: unknown }[]
}

if (process.env['WRITE_GOLDEN_STATES'] === 'yes') for (const name of Object.keys(checkpointRules)) writeGolden(name)

const files = readdirSync(folder).filter((file) => file.endsWith('.bin'))

describe.each(files)('the states of %s', (file) => {
  const bytes = new Uint8Array(readFileSync(join(folder, file)))
  const golden: Golden = JSON.parse(readFileSync(join(folder, file.replace('.bin', '.txt')), 'utf8'))
  const codec = new StateCodec({ ...golden, shapes: golden.shapes.map((shape) => shape ?? undefined) })
  const pieces = piecesOf(bytes)

  it('are read as what they are', () => {
    expect(JSON.stringify(codec.decodePartition(pieces[0]))).toBe(golden.partition)
    for (const { pieces: at, state } of golden.actors) {
      const [base, ...appended] = at.map((piece) => pieces[piece])
      expect(plainOf(codec.decodeActor(base, appended))).toEqual(state)
    }
  })

  it.runIf(file.startsWith(`v${stateVersion}-`))('are written with these bytes', () => {
    expect(codec.encodePartition(codec.decodePartition(pieces[0]))).toEqual(pieces[0])
    for (const { pieces: at } of golden.actors) {
      const base = pieces[at[0]]
      expect(codec.encodeActor(codec.decodeActor(base))).toEqual(base)
    }
  })
})

it('are there for the present version and every set of rules', () => {
  expect(files.filter((file) => file.startsWith(`v${stateVersion}-`))).toEqual(
    Object.keys(checkpointRules)
      .map((name) => `v${stateVersion}-${name}.bin`)
      .sort(),
  )
})

/** Each piece stands behind its length in four bytes. */
function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < bytes.length; at += 4 + pieces[pieces.length - 1].length)
    pieces.push(bytes.slice(at + 4, at + 4 + view.getUint32(at, true)))
  return pieces
}

/** As JSON keeps it: texts in place of offsets, null for NaN and what is absent. */
function plainOf(state: ActorState): unknown {
  const { history } = state
  const { rows } = history
  const { columns, bitWords } = rows.shape
  const records = Array.from({ length: rows.length }, (_, row) => ({
    at: rows.at[row],
    id: rows.id(row),
    digest: rows.digests[row],
    bits: [...rows.bits.subarray(row * bitWords, (row + 1) * bitWords)],
    values: columns.map((form, c) => {
      const value = rows.values[row * columns.length + c]
      return form !== 'text' ? value : value === 0 ? null : rows.texts.text(value - 1)
    }),
  }))
  return JSON.parse(
    JSON.stringify({ ...state, history: { ...history, rows: records } }, (_, value) =>
      value instanceof Uint8Array ? [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('') : value,
    ),
  )
}

function writeGolden(name: string): void {
  const ruleSet = ruleSetOf(checkpointRules[name])
  const random = new Random(2_026)
  const latenessMs = 120_000
  const world = new World(ruleSet, { latenessMs, tracks: true })
  const store = new Store(world, random)
  const types = new Set(ruleSet.events.types.map((type) => type.name))
  for (const event of randomStream(random, 110, { latenessMs, keys: ruleSet.events.types.length })) {
    if (types.has(event.type)) world.apply(event)
    if (random.chance(0.15)) store.save(world)
  }
  store.save(world)
  const { fingerprint, shapes } = world.engine.states
  const pieces: Uint8Array[] = [store.partition]
  const actors = [...store.actors.values()].map(({ base, appended }) => {
    const from = pieces.push(base, ...appended) - appended.length - 1
    return {
      pieces: [base, ...appended].map((_, i) => from + i),
      state: plainOf(store.codec.decodeActor(base, appended)),
    }
  })
  const partition = JSON.stringify(store.codec.decodePartition(store.partition))
  const golden: Golden = { fingerprint, shapes: shapes.map((shape) => shape ?? null), partition, actors }
  const length = pieces.reduce((sum, piece) => sum + 4 + piece.length, 0)
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    new DataView(bytes.buffer).setUint32(at, piece.length, true)
    bytes.set(piece, at + 4)
    at += 4 + piece.length
  }
  // A line for each actor, so that a difference names it.
  const lines = JSON.stringify(golden).replaceAll('{"pieces"', '\n{"pieces"')
  const file = join(folder, `v${stateVersion}-${name}`)
  writeFileSync(`${file}.bin`, bytes, { flag: 'wx' })
  writeFileSync(`${file}.txt`, `${lines}\n`, { flag: 'wx' })
}
