import { limits } from '#shared/domain/limits'
import type { ByteSource } from './byte-source.ts'
import { inputLimits } from './input-limits.ts'

/** Lines of one buffer without their line ends. Valid until the next block is asked for. */
export interface LineBlock {
  readonly bytes: Buffer
  readonly length: number
  readonly starts: Int32Array
  /** `tooLarge` in place of a line above `limits.rowBytesMax`. */
  readonly ends: Int32Array
}

export const tooLarge = -1

const nowhere = -2

const lineFeed = 0x0a
const carriageReturn = 0x0d
const comma = 0x2c
const quote = 0x22

interface LineReaderOptions {
  /** Bytes of one read; at least as many as a line and its end may have. */
  readonly bufferBytes?: number
  /** CSV: a line feed between quotes ends nothing. */
  readonly isQuoted?: boolean
}

/**
 * Splits bytes into lines, a block of them for each read, so that no promise or object is made per line.
 *
 * L1 The concatenated lines do not depend on where reads end.
 * L2 Memory is one buffer, whatever the length of a line: one that does not fit is dropped as it comes, and reported as `tooLarge`.
 * L3 A quote opens a field of CSV only where the field starts; elsewhere it is a character. One that is not closed within
 *    `openQuoteBytesMax`, or by the end of the file, was a slip: its line ends at the first line feed, and nothing behind it is lost.
 * L4 A byte order mark at the start, line ends (LF or CRLF) and empty lines are no part of any line. The last line needs no end.
 */
export class LineReader {
  readonly #source: ByteSource
  readonly #buffer: Buffer
  #starts = new Int32Array(4096)
  #ends = new Int32Array(4096)
  #count = 0
  /** The unfinished line is `buffer[start, filled)`; it has no line feed before `scanned`. */
  #start = 0
  #scanned = 0
  #filled = 0
  #isAtFileStart = true
  #isSkipping = false
  #isDone = false
  readonly #isQuoted: boolean
  /** `scanned` stands between quotes; the last quote that closed a field stood at `closedAt`; `before` is the byte before the buffer. */
  #isOpen = false
  #closedAt = nowhere
  #before = lineFeed

  constructor(source: ByteSource, { bufferBytes = 1024 * 1024, isQuoted = false }: LineReaderOptions = {}) {
    this.#source = source
    const lineBytesMax = isQuoted ? inputLimits.openQuoteBytesMax : limits.rowBytesMax
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(bufferBytes, lineBytesMax + 2))
    this.#isQuoted = isQuoted
  }

  /** @returns undefined at the end. Rejects with what the source rejects with. */
  async next(): Promise<LineBlock | undefined> {
    this.#count = 0
    while (this.#count === 0 && !this.#isDone) {
      this.#makeRoom()
      const count = await this.#source.read(this.#buffer, this.#filled)
      this.#filled += count
      if (count === 0) this.#isDone = true
      if (this.#isAtFileStart && !this.#skipByteOrderMark()) continue
      if (this.#isQuoted) this.#splitQuoted()
      else this.#split()
      if (this.#isDone) this.#finish()
    }
    if (this.#count === 0) return undefined
    return { bytes: this.#buffer, length: this.#count, starts: this.#starts, ends: this.#ends }
  }

  #makeRoom(): void {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#filled)
      this.#filled -= this.#start
      this.#scanned -= this.#start
      this.#closedAt -= this.#start
      this.#start = 0
    }
    if (this.#filled > 0 && (this.#isSkipping || this.#filled === this.#buffer.length)) {
      this.#isSkipping = true
      this.#before = this.#buffer[this.#filled - 1]
      this.#closedAt = this.#closedAt === this.#filled - 1 ? -1 : nowhere
      this.#filled = 0
      this.#scanned = 0
    }
  }

  /** @returns false while there are too few bytes to tell. */
  #skipByteOrderMark(): boolean {
    if (this.#filled < 3 && !this.#isDone) return false
    this.#isAtFileStart = false
    const bytes = this.#buffer
    const isMark = this.#filled >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
    if (isMark) this.#start = this.#scanned = 3
    return true
  }

  #split(): void {
    const bytes = this.#buffer.subarray(0, this.#filled)
    let start = this.#start
    let end = bytes.indexOf(lineFeed, this.#scanned)
    while (end !== -1) {
      this.#push(start, end)
      start = end + 1
      end = bytes.indexOf(lineFeed, start)
    }
    this.#start = start
    this.#scanned = this.#filled
  }

  #splitQuoted(): void {
    const bytes = this.#buffer.subarray(0, this.#filled)
    let at = this.#scanned
    let nextQuote = bytes.indexOf(quote, at)
    for (;;) {
      const isRunaway = this.#isOpen && this.#isRunaway(nextQuote)
      const end = isRunaway ? bytes.indexOf(lineFeed, this.#start) : this.#isOpen ? -1 : bytes.indexOf(lineFeed, at)
      if (!isRunaway && nextQuote !== -1 && (end === -1 || nextQuote < end)) {
        this.#meetQuote(nextQuote, this.#start)
        at = nextQuote + 1
        nextQuote = bytes.indexOf(quote, at)
      } else if (end !== -1) {
        this.#push(this.#start, end)
        this.#start = at = end + 1
        if (!isRunaway) continue
        this.#isOpen = false
        this.#closedAt = nowhere
        nextQuote = bytes.indexOf(quote, at)
      } else break
    }
    this.#scanned = this.#filled
  }

  /** Whether the open quote is not closed within its bound, or by the end of the file. */
  #isRunaway(nextQuote: number): boolean {
    const length = (nextQuote === -1 ? this.#filled : nextQuote) - this.#start
    return this.#isSkipping || length > inputLimits.openQuoteBytesMax || (this.#isDone && nextQuote === -1)
  }

  #meetQuote(at: number, start: number): void {
    if (this.#isOpen) {
      this.#isOpen = false
      this.#closedAt = at
      return
    }
    const before = at > 0 ? this.#buffer[at - 1] : this.#before
    const isDoubled = this.#closedAt === at - 1
    this.#isOpen = isDoubled || before === comma || (at === start && !this.#isSkipping)
  }

  #finish(): void {
    if (this.#start < this.#filled || this.#isSkipping) this.#push(this.#start, this.#filled)
    this.#start = this.#filled
  }

  #push(start: number, lineEnd: number): void {
    let end = lineEnd
    if (this.#isSkipping) {
      this.#isSkipping = false
      end = tooLarge
    } else {
      if (end > start && this.#buffer[end - 1] === carriageReturn) end--
      if (end === start) return
      if (end - start > limits.rowBytesMax) end = tooLarge
    }
    if (this.#count === this.#starts.length) this.#grow()
    this.#starts[this.#count] = start
    this.#ends[this.#count++] = end
  }

  #grow(): void {
    const larger = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const next = new Int32Array(old.length * 2)
      next.set(old)
      return next
    }
    this.#starts = larger(this.#starts)
    this.#ends = larger(this.#ends)
  }
}
