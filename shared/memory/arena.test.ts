import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena, arenaWords } from './arena.ts'

const poison = 0xdeadbeef

describe('arena', () => {
  test('hands out blocks that are never 0, are aligned and do not overlap', () => {
    const arena = new Arena(1 << 20)
    const first = arena.alloc(1)
    const second = arena.alloc(17)
    expect(first).toBeGreaterThan(0)
    expect(first % 16).toBe(0)
    expect(second % 32).toBe(0)
    arena.U.fill(1, first, first + 16)
    arena.U.fill(2, second, second + 32)
    expect(arena.U.subarray(first, first + 16)).toEqual(new Uint32Array(16).fill(1))
  })

  test('sees one block as words and as doubles', () => {
    const arena = new Arena(1 << 20)
    const block = arena.alloc(16)
    arena.F[block / 2] = 1.5
    expect(arena.U[block + 1]).toBe(0x3ff80000)
  })

  test('answers 0 at the limit, and serves again after something was freed', () => {
    const arena = new Arena(64 * 64)
    const blocks: number[] = []
    for (let block = arena.alloc(16); block !== 0; block = arena.alloc(16)) blocks.push(block)
    expect(blocks).toHaveLength(63)
    expect(arena.usedWords).toBe(63 * 16)
    arena.release(blocks[7], 16)
    expect(arena.alloc(16)).toBe(blocks[7])
  })

  test('joins freed halves, so that small blocks make room for a large one', () => {
    const arena = new Arena(64 * 64)
    const blocks: number[] = []
    for (let block = arena.alloc(16); block !== 0; block = arena.alloc(16)) blocks.push(block)
    expect(arena.alloc(32 * 16)).toBe(0)
    for (const block of blocks) arena.release(block, 16)
    expect(arena.alloc(32 * 16)).toBe(32 * 16)
  })

  test('refuses to free a block twice', () => {
    const arena = new Arena(1 << 20)
    const block = arena.alloc(100)
    arena.release(block, 100)
    expect(() => arena.release(block, 100)).toThrow('not a block')
  })

  test('refuses sizes and limits that make no sense', () => {
    expect(() => new Arena(10)).toThrow('no usable limit')
    expect(() => new Arena(1 << 20).alloc(0)).toThrow('no block has 0 words')
  })

  test('names the words that a request takes', () => {
    expect([1, 16, 17, 32, 33, 1000].map(arenaWords)).toEqual([16, 16, 32, 32, 64, 1024])
  })

  test('keeps what an owner wrote through any order of allocation and release, freed blocks poisoned', () => {
    const actions = fc.array(fc.record({ words: fc.integer({ min: 1, max: 700 }), free: fc.nat() }), { maxLength: 200 })
    fc.assert(
      fc.property(actions, (list) => {
        const arena = new Arena(1 << 16)
        const live: { handle: number; words: number; mark: number }[] = []
        list.forEach(({ words, free }, index) => {
          const handle = arena.alloc(words)
          if (handle !== 0) {
            arena.U.fill(index, handle, handle + arenaWords(words))
            live.push({ handle, words, mark: index })
          }
          if (free % 3 > 0 && live.length > 0) {
            const [block] = live.splice(free % live.length, 1)
            arena.U.fill(poison, block.handle, block.handle + arenaWords(block.words))
            arena.release(block.handle, block.words)
          }
        })
        for (const { handle, words, mark } of live)
          expect(arena.U.subarray(handle, handle + arenaWords(words)).every((word) => word === mark)).toBe(true)
        expect(arena.usedWords).toBe(live.reduce((sum, block) => sum + arenaWords(block.words), 0))
      }),
    )
  })
})
