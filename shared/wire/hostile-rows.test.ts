import { expect, it } from 'vitest'
import { EventBatch } from '#shared/domain/event-batch'
import { type Problem, problemReasons } from '#shared/domain/problem'
import { ChunkSource } from './byte-source.ts'
import type { Codec } from './codec.ts'
import { JsonCodec } from './json-codec.ts'
import { JsonLines } from './json-lines.ts'
import { sampleSchema as schema } from './sample-schema.ts'
import { ScanCodec } from './scan-codec.ts'

/** mulberry32 */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const next = random(20_260_301)
const below = (n: number): number => Math.floor(next() * n)
const pick = <T>(...choices: readonly T[]): T => choices[below(choices.length)]

function deep(): string {
  const levels = below(5_000) + 1
  return `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
}

function value(): unknown {
  return pick<() => unknown>(
    () => null,
    () => below(100),
    () => (below(20_000) - 10_000) / 100,
    () => pick('', 'A', 'é', '12.30', '1e400', '1h30m', '2026-03-01T12:00:00Z', '\ud800', '\u0000', '__proto__'),
    () => pick(true, false),
    () => [value(), value()],
    () => ({ [pick('id', 'country', '__proto__', 'a')]: value() }),
    () => pick(2 ** 53, -0, 1.5e300, Number.MIN_VALUE),
  )()
}

const names = schema.fields.map(({ path }) => path.split('.')[0])

function row(): string {
  const object: Record<string, unknown> = { id: below(1e6), at: below(2 ** 40), account: 'A', amount: below(1e6) / 100 }
  if (below(3) === 0) object['type'] = pick<unknown>('transaction', 'transfer', 'odd', 'toString', 5)
  for (let i = below(5); i > 0; i--) {
    const name = pick('id', 'at', 'type', 'merchant', 'debtor', ...names)
    Object.defineProperty(object, name, { value: value(), enumerable: true, configurable: true, writable: true })
  }
  return JSON.stringify(object)
}

/** A row as it is, or with something done to its bytes. No line feed gets in or out, so it stays one row. */
function bytes(): Buffer {
  const whole = Buffer.from(row())
  const at = below(whole.length)
  const broken = pick<() => Buffer>(
    ...Array<() => Buffer>(6).fill(() => whole),
    () => whole.subarray(0, at + 1),
    () =>
      Buffer.concat([
        whole.subarray(0, at),
        Buffer.from([pick(0, 0x22, 0x2c, 0x5c, 0x7b, 0x7d, 0x5b, 0x80, 0xff, 0xed)]),
        whole.subarray(at),
      ]),
    () => Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1), Buffer.from(' ')]),
    () =>
      Buffer.from(
        pick(
          'NaN',
          'null',
          '[]',
          '5',
          '"x"',
          '{}',
          ' ',
          '{"id":1e400}',
          '[['.repeat(below(5_000) + 1),
          '{"a":'.repeat(below(5_000) + 1),
          deep(),
        ),
      ),
  )()
  return broken.length > 0 && below(2_000) === 0
    ? Buffer.concat([broken, Buffer.alloc(70_000 + below(100_000), 0x20)])
    : broken
}

async function* inPieces(rows: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  const all = Buffer.concat(rows.flatMap((r) => [r, Buffer.from('\n')]))
  for (let at = 0; at < all.length; ) {
    const length = 1 + below(100_000)
    yield all.subarray(at, at + length)
    at += length
  }
}

interface Decoded {
  readonly events: unknown[]
  readonly good: Buffer[]
  readonly problems: Problem[]
  readonly reasons: Map<string, number>
  rows: number
}

async function decodeAll(rows: readonly Buffer[], codec: Codec = new JsonCodec(schema)): Promise<Decoded> {
  const input = new JsonLines(new ChunkSource(inPieces(rows)), codec)
  const found: Decoded = { events: [], good: [], problems: [], reasons: new Map(), rows: 0 }
  const batch = new EventBatch(schema, new Set(schema.fields.keys()))
  for (let block = await input.next(1); block !== undefined; block = await input.next(found.rows + 1)) {
    for (let i = 0; i < block.length; i++) {
      const problem = block.decode(i, batch)
      const before = batch.length
      expect(before).toBe(problem === undefined ? 1 : 0)
      if (problem === undefined) {
        const columns = [batch.numbers, batch.texts, batch.collections].flatMap((all) =>
          all.map((column) => column?.[0]),
        )
        found.events.push([batch.type[0], batch.id[0], batch.at[0], batch.digest[0], ...columns])
        found.good.push(rows[found.rows])
      } else {
        expect(problemReasons).toContain(problem.reason)
        expect(problem.message.length).toBeLessThan(300)
        found.problems.push(problem)
        found.reasons.set(problem.reason, (found.reasons.get(problem.reason) ?? 0) + 1)
      }
      found.rows++
      batch.clear()
    }
  }
  return found
}

it('of 100,000 generated rows each is one event or one dead letter, and none changes another', {
  timeout: 60_000,
}, async () => {
  const rows = Array.from({ length: 100_000 }, bytes)
  const first = await decodeAll(rows)
  expect(first.rows).toBe(rows.length)
  const dead = [...first.reasons.values()].reduce((sum, n) => sum + n, 0)
  expect(first.events.length + dead).toBe(rows.length)
  expect(first.events.length).toBeGreaterThan(20_000)
  expect([...first.reasons.keys()].sort()).toEqual(
    problemReasons.filter((reason) => reason !== 'duplicate-conflict').sort(),
  )
  const second = await decodeAll(first.good)
  expect(second.reasons.size).toBe(0)
  expect(second.events).toEqual(first.events)
})

it('of 20,000 more each is the same event or dead letter to either codec', { timeout: 60_000 }, async () => {
  const rows = Array.from({ length: 20_000 }, bytes)
  const scanned = await decodeAll(rows, new ScanCodec(schema))
  const parsed = await decodeAll(rows)
  expect(scanned.problems).toEqual(parsed.problems)
  expect(scanned.events).toEqual(parsed.events)
})
