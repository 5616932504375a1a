import { limits } from '#shared/domain/limits'
import type { Diagnostic } from './diagnostic.ts'

/** One file of a rule set, and where in it an offset lies. A byte order mark is no part of the text. */
export class SourceFile {
  /** Path relative to the rule set's folder, with `/`. */
  readonly name: string
  readonly text: string
  readonly #lineStarts: number[] = [0]

  constructor(name: string, text: string) {
    this.name = name
    this.text = text.startsWith('\uFEFF') ? text.slice(1) : text
    for (let i = this.text.indexOf('\n'); i >= 0; i = this.text.indexOf('\n', i + 1)) this.#lineStarts.push(i + 1)
  }

  at(offset: number): Place {
    return { file: this, offset: Math.min(Math.max(offset, 0), this.text.length) }
  }

  /** Line and column from 1; columns count characters, not code units. */
  position(offset: number): { line: number; column: number } {
    const line = this.lineOf(offset)
    let column = 1
    for (let i = this.#lineStarts[line - 1]; i < offset; i++) {
      const unit = this.text.charCodeAt(i)
      const isSecondHalf = unit >= 0xdc00 && unit <= 0xdfff
      if (!isSecondHalf) column++
    }
    return { line, column }
  }

  lineOf(offset: number): number {
    let low = 0
    let high = this.#lineStarts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#lineStarts[middle] <= offset) low = middle
      else high = middle
    }
    return low + 1
  }

  /** Start and end of the line that holds the offset, without its line end. */
  lineAround(offset: number): { start: number; end: number } {
    const start = this.#lineStarts[this.lineOf(offset) - 1]
    const next = this.text.indexOf('\n', start)
    const end = next < 0 ? this.text.length : next
    return { start, end: this.text[end - 1] === '\r' && end > start ? end - 1 : end }
  }
}

export interface Place {
  readonly file: SourceFile
  readonly offset: number
}

/** Collects what is wrong in the files of a rule set. Nothing here stops the reading, so that one pass finds all. */
export class Problems {
  readonly #found: Diagnostic[] = []
  readonly #errorsByFile = new Map<string, number>()

  error(place: Place, code: string, message: string, hint?: string): void {
    const errors = this.errorsIn(place.file) + 1
    this.#errorsByFile.set(place.file.name, errors)
    if (errors <= limits.diagnosticsPerFileMax) this.#add('error', place, code, message, hint)
    if (errors === limits.diagnosticsPerFileMax + 1)
      this.#add('error', place, 'too-many-problems', `further problems of ${place.file.name} are left out`, undefined)
  }

  warning(place: Place, code: string, message: string, hint?: string): void {
    this.#add('warning', place, code, message, hint)
  }

  errorsIn(file: SourceFile): number {
    return this.#errorsByFile.get(file.name) ?? 0
  }

  get hasErrors(): boolean {
    return this.#errorsByFile.size > 0
  }

  /** By file, then place. */
  sorted(): Diagnostic[] {
    return [...this.#found].sort(
      (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.code, b.code),
    )
  }

  #add(severity: Diagnostic['severity'], place: Place, code: string, message: string, hint: string | undefined): void {
    this.#found.push({
      file: place.file.name,
      ...place.file.position(place.offset),
      code,
      message,
      hint,
      severity,
    })
  }
}

/** Not by locale: the order must be the same on every machine. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
