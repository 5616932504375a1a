import type { Arena } from './arena.ts'
import { hasWideUnit, storeText } from './text.ts'

/**
 * Texts outside the arena, one after the other, in the form that a block has inside: four bytes (twice the length in UTF-16 units, plus
 * 1 where units have two bytes), then the units. Bytes are little endian on every platform.
 * A text is named by the offset where it starts.
 */
export class TextBytes {
  bytes = new Uint8Array(256)
  length = 0

  clear(): void {
    this.length = 0
  }

  /** A text in the arena. @returns its offset here */
  addFrom({ U }: Arena, handle: number): number {
    const half = handle * 2
    const offset = this.#open(U[half])
    const { bytes } = this
    for (let at = offset + 4, from = half + 1; at < this.length; from++) {
      const word = U[from]
      for (let shift = 0; shift < 32 && at < this.length; shift += 8) bytes[at++] = (word >>> shift) & 0xff
    }
    return offset
  }

  add(text: string): number {
    const isWide = hasWideUnit(text)
    const offset = this.#open(text.length * 2 + (isWide ? 1 : 0))
    const { bytes } = this
    let at = offset + 4
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      bytes[at++] = unit & 0xff
      if (isWide) bytes[at++] = unit >>> 8
    }
    return offset
  }

  /** A text whose units stand in other bytes. The caller knows that they are there. */
  addUnits(header: number, from: Uint8Array, at: number): number {
    const offset = this.#open(header)
    for (let to = offset + 4; to < this.length; ) this.bytes[to++] = from[at++]
    return offset
  }

  /** Twice the length in units, plus 1 where units have two bytes. */
  header(offset: number): number {
    const { bytes } = this
    return (bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0
  }

  text(offset: number): string {
    return unitsText(this.header(offset), this.bytes, offset + 4)
  }

  /** Into the arena. @returns the handle. Throws ArenaFullError. */
  store(arena: Arena, offset: number): number {
    return storeText(arena, this.text(offset))
  }

  #open(header: number): number {
    const offset = this.length
    this.length += 4 + unitBytes(header)
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2))
      larger.set(this.bytes)
      this.bytes = larger
    }
    this.bytes[offset] = header & 0xff
    this.bytes[offset + 1] = (header >>> 8) & 0xff
    this.bytes[offset + 2] = (header >>> 16) & 0xff
    this.bytes[offset + 3] = header >>> 24
    return offset
  }
}

/** Bytes of the units that follow such a header. */
export const unitBytes = (header: number): number => (header & 1 ? header & ~1 : header >>> 1)

export function unitsText(header: number, bytes: Uint8Array, at: number): string {
  const end = at + unitBytes(header)
  let text = ''
  if (header & 1) for (let i = at; i < end; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8))
  else for (let i = at; i < end; i++) text += String.fromCharCode(bytes[i])
  return text
}
