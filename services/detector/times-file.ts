import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Which of the curves of a partition a point is of. */
export const curves = ['appended', 'judged', 'committed'] as const

/**
 * Points of time curves in the data folder, so that the story of an alert is whole although a process ended in between. A help, not the
 * truth: what is not there, nobody knows any more. It survives the end of the process, not that of the machine.
 *
 * Records are four numbers of 8 bytes: index of the curve, offset, start, end. Appended to `times-PARTITION`; when that has its share, it
 * becomes `times-PARTITION.before`, whose place it takes.
 */
export class TimesFile {
  readonly #path: string
  readonly #recordsMax: number
  readonly #onTrouble: (error: unknown) => void
  #records = 0
  #waiting: number[] = []
  #file: number | undefined

  /** @param onTrouble what went wrong, once: from then on nothing is kept */
  constructor(options: {
    readonly folder: string
    readonly partition: number
    readonly recordsMax: number
    readonly onTrouble: (error: unknown) => void
  }) {
    this.#path = join(options.folder, `times-${options.partition}`)
    this.#recordsMax = options.recordsMax
    this.#onTrouble = options.onTrouble
  }

  /** Reads what is there, in the order in which it was written, and begins to write. */
  open(restore: (curve: (typeof curves)[number], offset: number, start: number, end: number) => void): void {
    this.#try(() => {
      for (const path of [`${this.#path}.before`, this.#path]) {
        const numbers = numbersIn(path)
        this.#records = Math.floor(numbers.length / recordLength)
        for (let i = 0; i < this.#records * recordLength; i += recordLength) {
          const curve = curves[numbers[i]]
          if (curve !== undefined) restore(curve, numbers[i + 1], numbers[i + 2], numbers[i + 3])
        }
      }
      this.#file = openSync(this.#path, 'a', 0o600)
      // A record that was cut off would put all later ones in the wrong place.
      ftruncateSync(this.#file, this.#records * recordLength * Float64Array.BYTES_PER_ELEMENT)
    })
  }

  add(curve: (typeof curves)[number], offset: number, start: number, end: number): void {
    if (this.#file !== undefined) this.#waiting.push(curves.indexOf(curve), offset, start, end)
  }

  /** Writes what was added. A few µs: it goes to the operating system, not to the disk. */
  flush(): void {
    const file = this.#file
    if (file === undefined || this.#waiting.length === 0) return
    const bytes = new Uint8Array(Float64Array.from(this.#waiting).buffer)
    this.#records += this.#waiting.length / recordLength
    this.#waiting = []
    this.#try(() => {
      writeSync(file, bytes)
      if (this.#records < this.#recordsMax) return
      closeSync(file)
      renameSync(this.#path, `${this.#path}.before`)
      this.#file = openSync(this.#path, 'a', 0o600)
      this.#records = 0
    })
  }

  close(): void {
    this.flush()
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #try(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#file = undefined
      this.#onTrouble(error)
    }
  }
}

/** Whole numbers of 8 bytes; what is beyond them is cut off. */
function numbersIn(path: string): Float64Array {
  if (!existsSync(path)) return new Float64Array()
  const bytes = readFileSync(path)
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length - (bytes.length % 8))
  return new Float64Array(copy)
}

const recordLength = 4
