import { describe, expect, test } from 'vitest'
import { Arena } from './arena.ts'
import { Cells } from './cells.ts'

describe('cells', () => {
  test('do not overlap, and keep what was written', () => {
    const arena = new Arena(1 << 20)
    const cells = new Cells(arena)
    const made = Array.from({ length: 1_000 }, (_, i) => {
      const cell = cells.alloc()
      arena.F[cell] = i
      arena.F[cell + 1] = -i
      return cell
    })
    expect(made.every((cell, i) => arena.F[cell] === i && arena.F[cell + 1] === -i)).toBe(true)
  })

  test('count as used only while they are', () => {
    const arena = new Arena(1 << 20)
    const cells = new Cells(arena)
    const made = Array.from({ length: 300 }, () => cells.alloc())
    expect(arena.usedWords).toBe(300 * 4)
    for (const cell of made) cells.release(cell)
    expect(arena.usedWords).toBe(0)
    const again = new Set(Array.from({ length: 300 }, () => cells.alloc()))
    expect(made.every((cell) => again.has(cell))).toBe(true)
  })

  test('leave blocks alone, which come from the other end', () => {
    const arena = new Arena(1 << 14)
    const cells = new Cells(arena)
    const blocks: number[] = []
    for (let i = 0; i < 256; i++) cells.alloc()
    for (let block = arena.alloc(16); block !== 0; block = arena.alloc(16)) blocks.push(block)
    expect(blocks).toHaveLength((1 << 14) / 64 - 1 - 64)
    expect(() => cells.alloc()).toThrow('bound')
  })
})
