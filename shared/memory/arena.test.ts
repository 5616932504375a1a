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

  test('takes freed blocks for what lasts where no word is untouched, down to the last', () => {
    const arena = new Arena(1 << 22)
    const blocks = filled(arena, [65_536, 4_096, 16])
    for (const { handle, words } of blocks) arena.release(handle, words)
    const pages: number[] = []
    for (let page = arena.allocLasting(1_000); page !== 0; page = arena.allocLasting(1_000)) pages.push(page)
    // 63 units each.
    expect(pages.length).toBeGreaterThan(((1 << 16) / 63) * 0.95)
    pages.forEach((page, i) => {
      arena.U.fill(i, page, page + 1_000)
    })
    expect(pages.every((page, i) => arena.U.subarray(page, page + 1_000).every((word) => word === i))).toBe(true)
  })

  test('keeps what lasts together, so that it leaves room for large blocks', () => {
    const arena = new Arena(1 << 22)
    for (const { handle, words } of filled(arena, [65_536, 16])) arena.release(handle, words)
    const before = arena.roomFor(region)
    for (let page = 0; page < 32; page++) {
      arena.allocLasting(1_024)
      arena.alloc(16)
    }
    expect(arena.roomFor(region)).toBe(before - 2)
    expect(arena.largestBlock).toBe(16)
  })

  test('vacates no stretch where something lasts', () => {
    const arena = new Arena(1 << 22)
    const blocks = filled(arena, [region, 16])
    for (const { handle, words } of blocks.splice(3, 20)) arena.release(handle, words)
    const page = arena.allocLasting(1_024)
    const small = arena.alloc(16)
    const isBegun = arena.beginVacating(region)
    expect(isBegun).toBe(true)
    expect(arena.moved(page, 1_024)).toBe(page)
    expect(arena.moved(small, 16)).not.toBe(small)
  })

  test('joins blocks that were freed while others were vacated', () => {
    const arena = new Arena(1 << 23)
    const all = filled(arena, [region, 16])
    const blocks = all.filter(({ words }) => words === region).map(({ handle }) => handle)
    // Some room, and one stretch with little in it.
    const isOpen = (handle: number): boolean => (handle / region) % 8 === 3
    for (const handle of blocks) if (isOpen(handle)) arena.release(handle, region)
    arena.alloc(16)
    expect(arena.beginVacating(region)).toBe(true)
    const pairs = blocks.filter((handle) => (handle / region) % 8 === 4)
    for (const handle of pairs) {
      arena.release(handle, region)
      arena.release(handle + region, region)
    }
    arena.endVacating()
    expect(arena.roomFor(2 * region)).toBeGreaterThanOrEqual(pairs.length)
    for (const _ of pairs) expect(arena.alloc(2 * region)).toBeGreaterThan(0)
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

  test('keeps blocks and what lasts through any order of both, while stretches are vacated', () => {
    const action = fc.record({
      kind: fc.constantFrom('block', 'large', 'free', 'free', 'lasting', 'vacate', 'end'),
      words: fc.integer({ min: 1, max: 9_000 }),
    })
    let lastingInFreed = 0
    fc.assert(
      fc.property(fc.array(action, { minLength: 30, maxLength: 150 }), (list) => {
        const arena = new Arena(1 << 20)
        const live = filled(arena, [16_384, 256, 16]).map((block) => ({ ...block, mark: 0 }))
        live.push(...live.splice(0, 7))
        for (const { handle, words } of live.splice(-7)) arena.release(handle, words)
        for (const { handle, words } of live) arena.U.fill(0, handle, handle + words)
        const lasting: typeof live = []
        let isVacating = false
        const moveAll = (): void => {
          for (const block of live) block.handle = arena.moved(block.handle, block.words)
        }
        list.forEach(({ kind, words: size }, i) => {
          const words = kind === 'block' ? (size % 100) + 1 : size
          if (kind === 'free') {
            if (live.length === 0) return
            const [block] = live.splice(size % live.length, 1)
            arena.U.fill(poison, block.handle, block.handle + arenaWords(block.words))
            arena.release(block.handle, block.words)
          } else if (kind === 'vacate') isVacating ||= arena.beginVacating(region)
          else if (kind === 'end') {
            if (isVacating) {
              moveAll()
              arena.endVacating()
            }
            isVacating = false
          } else {
            const handle = kind === 'lasting' ? arena.allocLasting(words) : arena.alloc(words)
            if (handle === 0) return
            if (kind === 'lasting') lastingInFreed++
            arena.U.fill(i + 1, handle, handle + words)
            ;(kind === 'lasting' ? lasting : live).push({ handle, words, mark: i + 1 })
          }
        })
        for (const { handle, words, mark } of [...live, ...lasting])
          expect(arena.U.subarray(handle, handle + words).every((word) => word === mark)).toBe(true)
      }),
    )
    expect(lastingInFreed).toBeGreaterThan(100)
  })
})

/** Words of what is vacated at the least. */
const region = 16_384

/** Fills an arena with blocks of these sizes, one size after the other. */
function filled(arena: Arena, sizes: readonly number[]): { handle: number; words: number }[] {
  const blocks: { handle: number; words: number }[] = []
  for (const words of sizes)
    for (let handle = arena.alloc(words); handle !== 0; handle = arena.alloc(words)) blocks.push({ handle, words })
  return blocks
}
