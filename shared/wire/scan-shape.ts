import { declined } from './scan-bytes.ts'
import type { ScanMember } from './scan-member.ts'

/**
 * What stands in a row between two values: braces, names, colons, commas, the row's type, white space. Rows of one sender are alike but
 * for their values, so a row is compared with the stretches of rows that were accepted before, a few words at a time.
 */
export class Stretch {
  readonly byteLength: number
  /** Behind it comes a value: of a member, or (undefined) one that nobody asked for. A row may end here where there is neither. */
  readonly member: ScanMember | undefined
  readonly isEnd: boolean
  /** What may come behind the value. */
  readonly next = new Fork()
  readonly #words: Int32Array
  readonly #lastMask: number

  constructor(bytes: Buffer, start: number, end: number, member: ScanMember | undefined, isEnd: boolean) {
    this.byteLength = end - start
    this.member = member
    this.isEnd = isEnd
    const padded = Buffer.alloc((this.byteLength + 3) & ~3)
    bytes.copy(padded, 0, start, end)
    this.#words = Int32Array.from({ length: padded.length / 4 }, (_, i) => padded.readInt32LE(i * 4))
    this.#lastMask = -1 >>> ((padded.length - this.byteLength) * 8)
  }

  isAt(view: DataView, at: number): boolean {
    const words = this.#words
    const last = words.length - 1
    let p = at
    for (let i = 0; i < last; i++, p += 4) if (view.getInt32(p, true) !== words[i]) return false
    return ((view.getInt32(p, true) ^ words[last]) & this.#lastMask) === 0
  }
}

/** The ways that a row may go on. */
export class Fork {
  readonly #stretches: Stretch[] = []

  /** The longest stretch that stands here, since `,"a":null,"b":` begins as `,"a":` does. */
  find(view: DataView, at: number): Stretch | undefined {
    const stretches = this.#stretches
    for (let i = 0; i < stretches.length; i++) if (stretches[i].isAt(view, at)) return stretches[i]
    return undefined
  }

  /** @returns undefined where there are too many ways already */
  add(stretch: Stretch): Stretch | undefined {
    if (this.#stretches.length === stretchesPerForkMax) return undefined
    this.#stretches.push(stretch)
    this.#stretches.sort((a, b) => b.byteLength - a.byteLength)
    return stretch
  }
}

/** Notes where the values of a row stand, and grows the forks of its type by the stretches between them. */
export class ShapeNotes {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #members: (ScanMember | undefined)[] = []
  #rows = 0
  #stretches = 0

  begin(): void {
    this.#starts.length = 0
    this.#ends.length = 0
    this.#members.length = 0
  }

  /** @param member undefined: a value that nobody asked for */
  value(start: number, end: number, member: ScanMember | undefined): void {
    if (end === declined || this.#starts.length === valuesMax) return
    this.#starts.push(start)
    this.#ends.push(end)
    this.#members.push(member)
  }

  /**
   * Learns from the row, which was accepted, if it is its turn.
   * @param root of the row's type
   */
  learn(root: Fork, bytes: Buffer, view: DataView, start: number, end: number): void {
    if (this.#rows++ % rowsPerLesson !== 0 || this.#starts.length === valuesMax) return
    let fork = root
    let from = start
    for (let v = 0; v <= this.#starts.length; v++) {
      const isEnd = v === this.#starts.length
      const to = isEnd ? end : this.#starts[v]
      if (to - from > stretchBytesMax) return
      const known = fork.find(view, from)
      let stretch = known !== undefined && known.byteLength === to - from ? known : undefined
      if (stretch === undefined) {
        if (this.#stretches === stretchesMax) return
        stretch = fork.add(new Stretch(bytes, from, to, this.#members[v], isEnd))
        if (stretch === undefined) return
        this.#stretches++
      }
      fork = stretch.next
      from = this.#ends[v]
    }
  }
}

/** A row that fits no shape costs its lesson too. Shapes that matter come again and again, so one row of so many is enough. */
const rowsPerLesson = 4
/** Bounds what a sender of ever new shapes can make the codec keep: about 1 MiB. */
const stretchesMax = 4_096
/** Each is tried in turn. */
const stretchesPerForkMax = 8
/** The longest comparison that may run past the end of a row, see `slackBytes`. */
export const stretchBytesMax = 256
const valuesMax = 256
