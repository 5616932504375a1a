import { appendFileSync, closeSync, openSync } from 'node:fs'
import { OutputFailed } from '#shared/wire/line-writer'
import type { RejectedRow } from './answer.ts'

/** Tells which rows were rejected: all of them in a file, or the first ones on stderr. */
export class RejectedRows {
  readonly #file: string | undefined
  readonly #handle: number | undefined
  readonly #print: (line: string) => void
  count = 0

  /** @param isContinued adds to the file of the run that this one continues. Throws OutputFailed. */
  constructor(file: string | undefined, isContinued: boolean, print: (line: string) => void) {
    this.#file = file
    this.#print = print
    try {
      this.#handle = file === undefined ? undefined : openSync(file, isContinued ? 'a' : 'w')
    } catch (error) {
      throw new OutputFailed(file ?? '', error, false)
    }
  }

  /** Throws OutputFailed. */
  add(rows: readonly RejectedRow[]): void {
    if (rows.length === 0) return
    if (this.#handle === undefined) {
      const shown = rows.slice(0, Math.max(0, printedMax - this.count))
      for (const row of shown) this.#print(lineOf(row))
      if (this.count < printedMax && this.count + rows.length > printedMax)
        this.#print('more rows are rejected; --rejected FILE keeps all of them')
    } else this.#write(this.#handle, rows)
    this.count += rows.length
  }

  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle)
  }

  /** At once, so that no row is counted as acknowledged before it is told. */
  #write(handle: number, rows: readonly RejectedRow[]): void {
    try {
      appendFileSync(handle, rows.map((row) => `${lineOf(row)}\n`).join(''))
    } catch (error) {
      throw new OutputFailed(this.#file ?? '', error, true)
    }
  }
}

const lineOf = ({ row, reason, field, message }: RejectedRow): string => JSON.stringify({ row, reason, field, message })

/** On a screen, more would only push the first ones away. */
const printedMax = 20
