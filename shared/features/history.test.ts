import { describe, expect, test } from 'vitest'
import { Arena } from '#shared/memory/arena'
import { History } from './history.ts'
import { atWord, headHalf, idWord, type Layout } from './layout.ts'

/** Records of five words: a block of 128 bytes holds three, one of 256 six, one of 512 twelve. */
const layout: Layout = {
  headerWords: 8,
  cursorsHalf: 5,
  extremesHalf: 5,
  runsHalf: 5,
  accumulatorWord: [],
  departedWord: [],
  recordWords: 5,
  bitWords: 1,
  columnsWord: 3,
  linksWord: 5,
}
const uuid = 'aa234567-89ab-4def-8edc-ba987654321c'

function ringOf(): { history: History; arena: Arena; h: number; append: (at: number, id?: string) => void } {
  const arena = new Arena(1 << 20)
  const history = new History(arena, layout, [])
  const h = arena.alloc(layout.headerWords * 2) / 2
  history.open(h, 1, 3)
  return {
    history,
    arena,
    h,
    append: (at, id = String(at)) => {
      if (history.isFull(h)) history.grow(h)
      const record = history.record(h, history.head(h))
      arena.F[record + atWord] = at
      arena.F[record + idWord] = history.storeId(id)
      arena.U[h * 2 + headHalf]++
    },
  }
}

describe('a history', () => {
  test('keeps its records in order while they come and go and its ring grows (I1)', () => {
    const { history, h, append } = ringOf()
    let oldest = 1
    for (let at = 1; at <= 60; at++) {
      append(at)
      // Three in four stay, so that it wraps around at every size before it grows.
      if (at % 4 === 0) {
        history.dropOldest(h)
        oldest++
      }
      expect(history.start(h)).toBe(oldest)
      for (let position = oldest; position <= at; position++) expect(history.at(h, position)).toBe(position)
    }
  })

  test('fills its block, whatever the size of a record', () => {
    const { arena, append } = ringOf()
    const bytes = (): number => (arena.usedWords - 16) * 4
    for (let at = 1; at <= 12; at++) append(at)
    expect(bytes()).toBe(512)
    append(13)
    expect(bytes()).toBe(1024)
  })

  test('gives every id back to the letter, and tells it from others', () => {
    const { history, h, append } = ringOf()
    const ids = ['7', 'tx-0007', uuid, uuid.toUpperCase(), uuid.replace('c', 'd'), 'no number', '', 'Ωmega']
    for (const [at, id] of ids.entries()) append(at, id)
    const stored = ids.map((_, i) => history.arena.F[history.record(h, i + 1) + idWord])
    expect(stored.map((one) => history.idText(one))).toEqual(ids)
    for (const [i, id] of ids.entries())
      expect(stored.map((one) => history.isId(one, id, history.idNumber(id)))).toEqual(ids.map((_, k) => k === i))
  })

  test('keeps a UUID in 16 bytes, and gives them back', () => {
    const { history, arena, h, append } = ringOf()
    const before = arena.usedWords
    append(1, uuid)
    expect((arena.usedWords - before) * 4).toBe(16)
    history.dropOldest(h)
    expect(arena.usedWords).toBe(before)
  })
})
