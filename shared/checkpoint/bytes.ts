import { BadStateError } from '#shared/actor/bad-state'
import { TextBytes, unitBytes, unitsText } from '#shared/memory/text-bytes'

/**
 * Writes numbers and texts one after the other into one growing buffer. All of it is little endian, and equal values have equal bytes.
 *
 * - `uint`: 0 to 2^53 − 1, seven bits a byte, the lowest first; the eighth bit says that more follow
 * - `number`: any double. As a uint: 0 is NaN, 1 is followed by eight bytes, anything else is an integer n as 2 + 2n (2 + −2n − 1 below 0)
 * - text: a uint, twice the number of UTF-16 units, plus 1 where units have two bytes; then the units
 */
export class ByteWriter {
  length = 0
  #bytes = new Uint8Array(1024)
  #view = new DataView(this.#bytes.buffer)
  readonly #texts = new TextBytes()
  /** Holds what was taken, up to `#chunkUsed`. */
  #chunk = new Uint8Array(0)
  #chunkUsed = chunkBytes

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes
  }

  clear(): void {
    this.length = 0
  }

  /**
   * What was written, which is the caller's from here on. Small ones stand side by side in one buffer: a buffer for each would cost
   * more than writing it.
   */
  take(): Uint8Array<ArrayBuffer> {
    const { length } = this
    if (length > chunkBytes / 8) return this.#bytes.slice(0, length)
    if (this.#chunkUsed + length > chunkBytes) {
      this.#chunk = new Uint8Array(chunkBytes)
      this.#chunkUsed = 0
    }
    const taken = this.#chunk.subarray(this.#chunkUsed, this.#chunkUsed + length)
    for (let i = 0; i < length; i++) taken[i] = this.#bytes[i]
    this.#chunkUsed += length
    return taken
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.length++] = value
  }

  uint(value: number): void {
    this.#reserve(8)
    let rest = value
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 128)) this.#bytes[this.length++] = (rest % 128) | 128
    for (; rest > 127; rest >>>= 7) this.#bytes[this.length++] = (rest & 127) | 128
    this.#bytes[this.length++] = rest
  }

  u32(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.length, value, true)
    this.length += 4
  }

  /** As eight bytes. All NaN are one. */
  double(value: number): void {
    this.#reserve(8)
    if (Number.isNaN(value)) {
      this.#view.setUint32(this.length, 0, true)
      this.#view.setUint32(this.length + 4, 0x7ff80000, true)
    } else this.#view.setFloat64(this.length, value, true)
    this.length += 8
  }

  number(value: number): void {
    if (Number.isNaN(value)) this.byte(0)
    else if (Math.abs(value) <= integerMax && Number.isInteger(value) && !Object.is(value, -0))
      this.uint(value >= 0 ? 2 + 2 * value : 1 - 2 * value)
    else {
      this.byte(1)
      this.double(value)
    }
  }

  text(text: string): void {
    this.#texts.clear()
    this.textFrom(this.#texts, this.#texts.add(text))
  }

  textFrom(texts: TextBytes, offset: number): void {
    const header = texts.header(offset)
    this.uint(header)
    this.units(texts, offset)
  }

  /** The units alone: the header stands elsewhere. */
  units(texts: TextBytes, offset: number): void {
    const count = unitBytes(texts.header(offset))
    this.#reserve(count)
    const from = texts.bytes
    const to = this.#bytes
    let at = this.length
    for (let i = offset + 4; i < offset + 4 + count; i++) to[at++] = from[i]
    this.length = at
  }

  /** Their number, then the bytes. */
  block(block: Uint8Array): void {
    this.uint(block.length)
    this.#reserve(block.length)
    this.#bytes.set(block, this.length)
    this.length += block.length
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.length + count))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

/** Reads what a `ByteWriter` wrote. Throws BadStateError where the bytes end or cannot be; never reads or allocates beyond them. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = from
    this.#end = to
  }

  byte(): number {
    this.#need(1)
    return this.#bytes[this.#at++]
  }

  uint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 56; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
    }
    throw new BadStateError('content', 'a number beyond 2^53')
  }

  u32(): number {
    this.#need(4)
    this.#at += 4
    return this.#view.getUint32(this.#at - 4, true)
  }

  double(): number {
    this.#need(8)
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }

  number(): number {
    const code = this.uint()
    if (code === 0) return Number.NaN
    if (code === 1) return this.double()
    return code % 2 === 0 ? code / 2 - 1 : (1 - code) / 2
  }

  text(): string {
    const header = this.#textHeader(this.uint())
    const from = this.#at
    this.#at += unitBytes(header)
    return unitsText(header, this.#bytes, from)
  }

  /** @returns the text's offset */
  textInto(texts: TextBytes): number {
    return this.unitsInto(texts, this.uint())
  }

  unitsInto(texts: TextBytes, written: number): number {
    const header = this.#textHeader(written)
    const offset = texts.addUnits(header, this.#bytes, this.#at)
    this.#at += unitBytes(header)
    return offset
  }

  block(): Uint8Array {
    const length = this.count(1)
    this.#at += length
    return this.#bytes.slice(this.#at - length, this.#at)
  }

  /** A number of things to come, each of which takes at least so many bytes. */
  count(bytesEach: number): number {
    const count = this.uint()
    this.#need(count * bytesEach)
    return count
  }

  list<T>(bytesEach: number, read: () => T): T[] {
    const items: T[] = []
    for (let rest = this.count(bytesEach); rest > 0; rest--) items.push(read())
    return items
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end
  }

  end(): void {
    if (this.#at !== this.#end) throw new BadStateError('truncated', `${this.#end - this.#at} bytes too many`)
  }

  #textHeader(header: number): number {
    if (header > 0xffffffff) throw new BadStateError('content', 'a text of more than 2^31 units')
    this.#need(unitBytes(header))
    return header
  }

  #need(count: number): void {
    if (this.#at + count > this.#end) throw new BadStateError('truncated', 'the bytes end too early')
  }
}

const chunkBytes = 65_536

/** Twice an integer and 2 more stays exact. */
const integerMax = 2 ** 51
