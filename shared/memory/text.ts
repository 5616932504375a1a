import type { Arena } from './arena.ts'
import { allocWords, movedWords, releaseWords } from './words.ts'

/**
 * Texts in the arena: a block with the length in UTF-16 units, then one byte a unit where all are Latin-1, else two.
 * (No TextEncoder: the pure folders have no platform; ids and names are Latin-1 nearly always.)
 */
export function storeText(arena: Arena, text: string): number {
  const isWide = hasWideUnit(text)
  const handle = allocWords(arena, textWords(text.length, isWide))
  const half = handle * 2
  arena.U[half] = text.length * 2 + (isWide ? 1 : 0)
  writeUnits(arena.U, half + 1, text, isWide)
  return handle
}

export function readText(arena: Arena, handle: number): string {
  const { U } = arena
  const half = handle * 2
  const header = U[half]
  const isWide = (header & 1) === 1
  const length = header >>> 1
  let text = ''
  const perHalf = isWide ? 2 : 4
  const bits = isWide ? 16 : 8
  const mask = isWide ? 0xffff : 0xff
  for (let i = 0; i < length; i++)
    text += String.fromCharCode((U[half + 1 + ((i / perHalf) | 0)] >>> ((i % perHalf) * bits)) & mask)
  return text
}

/** Whether the stored text is this one, without making a string of it. */
export function equalsText(arena: Arena, handle: number, text: string): boolean {
  const { U } = arena
  const half = handle * 2
  const header = U[half]
  if (header >>> 1 !== text.length) return false
  const isWide = (header & 1) === 1
  const perHalf = isWide ? 2 : 4
  const bits = isWide ? 16 : 8
  const mask = isWide ? 0xffff : 0xff
  for (let i = 0; i < text.length; i++)
    if (((U[half + 1 + ((i / perHalf) | 0)] >>> ((i % perHalf) * bits)) & mask) !== text.charCodeAt(i)) return false
  return true
}

export function releaseText(arena: Arena, handle: number): void {
  const header = arena.U[handle * 2]
  releaseWords(arena, handle, textWords(header >>> 1, (header & 1) === 1))
}

/** As `Arena.moved`. */
export function movedText(arena: Arena, handle: number): number {
  const header = arena.U[handle * 2]
  return movedWords(arena, handle, textWords(header >>> 1, (header & 1) === 1))
}

const textWords = (length: number, isWide: boolean): number => Math.ceil((4 + length * (isWide ? 2 : 1)) / 8)

/** Whether a text needs two bytes a unit. */
export function hasWideUnit(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return true
  return false
}

function writeUnits(U: Uint32Array, half: number, text: string, isWide: boolean): void {
  const perHalf = isWide ? 2 : 4
  const bits = isWide ? 16 : 8
  for (let at = 0; at < text.length; at += perHalf) {
    let packed = 0
    for (let k = Math.min(perHalf, text.length - at) - 1; k >= 0; k--)
      packed = (packed << bits) | text.charCodeAt(at + k)
    U[half++] = packed >>> 0
  }
}
