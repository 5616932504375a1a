import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileProblem } from '#shared/wire/input-failure'
import { OutputFailed } from '#shared/wire/line-writer'
import { NotStarted } from '../failure.ts'
import type { InputPosition } from './batch.ts'
import { inputStart } from './read-batches.ts'

/** Where a run stopped. @returns the start where there is no file yet. Throws NotStarted. */
export function readResumeFile(file: string): InputPosition {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return inputStart
    throw new NotStarted(fileProblem(file, error))
  }
  const position = parsed(text)
  if (position !== undefined) return position
  throw new NotStarted(`${file} is not what vigil send --resume writes; give another file, or remove it`)
}

function parsed(text: string): InputPosition | undefined {
  try {
    const { rows, crc32 }: Record<string, unknown> = { ...JSON.parse(text) }
    const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
    return isWhole(rows) && isWhole(crc32) ? { rows, crc32 } : undefined
  } catch {
    return undefined
  }
}

/**
 * Keeps how far the input was acknowledged. What a killed run had sent since the last writing is sent again, and answered as duplicates.
 */
export class ResumeFile {
  readonly #file: string
  #writtenAt = 0
  #written: InputPosition | undefined

  constructor(file: string) {
    this.#file = file
  }

  /** Writes now and then. Throws OutputFailed. */
  save(position: InputPosition): void {
    if (performance.now() - this.#writtenAt >= writeEveryMs) this.#write(position, false)
  }

  /** Writes, and waits for the disk. Throws OutputFailed. */
  saveNow(position: InputPosition): void {
    this.#write(position, true)
  }

  /** Beside its place and then into it, so that there is a whole one at any time. */
  #write(position: InputPosition, isDurable: boolean): void {
    const partial = `${this.#file}.partial`
    try {
      const handle = openSync(partial, 'w')
      try {
        writeFileSync(handle, `${JSON.stringify(position)}\n`)
        if (isDurable) fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
      renameSync(partial, this.#file)
    } catch (error) {
      throw new OutputFailed(this.#file, error, this.#written !== undefined)
    }
    this.#written = position
    this.#writtenAt = performance.now()
  }
}

const writeEveryMs = 250
