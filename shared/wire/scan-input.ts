import { limits } from '#shared/domain/limits'
import { stretchBytesMax } from './scan-shape.ts'

/**
 * The bytes of a row, as numbers of one byte and of four at any position.
 *
 * I1 From any position below `end`, and up to `slackBytes` behind it, a word can be read. What lies behind `end` may be looked at,
 *    never accepted. A row that ends too near to the end of its bytes is copied.
 */
export class ScanInput {
  bytes: Buffer = Buffer.alloc(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  end = 0
  /** What was given last, and its two forms: a reader gives one buffer again and again. */
  #given: Uint8Array | undefined
  #givenBytes: Buffer = this.bytes
  #givenView = this.view
  /** Made at need: whoever reads large blocks has a row in a thousand here. */
  #copy: Buffer | undefined

  /** @returns where the row starts in `bytes`. It has at most `limits.rowBytesMax` bytes. */
  open(given: Uint8Array, start: number, end: number): number {
    if (end + slackBytes > given.length) return this.#openCopy(given, start, end)
    if (given !== this.#given) this.#look(given)
    this.bytes = this.#givenBytes
    this.view = this.#givenView
    this.end = end
    return start
  }

  #look(given: Uint8Array): void {
    this.#given = given
    this.#givenBytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
    this.#givenView = new DataView(given.buffer, given.byteOffset, given.byteLength)
  }

  #openCopy(given: Uint8Array, start: number, end: number): number {
    this.#copy ??= Buffer.alloc(limits.rowBytesMax + slackBytes)
    if (this.bytes !== this.#copy) {
      this.bytes = this.#copy
      this.view = new DataView(this.#copy.buffer, this.#copy.byteOffset, this.#copy.byteLength)
    }
    this.bytes.set(given.subarray(start, end))
    this.end = end - start
    return 0
  }
}

/** More than the longest step that a scan takes before it asks whether it has left the row: one stretch and the words of a value. */
const slackBytes = stretchBytesMax + 64
