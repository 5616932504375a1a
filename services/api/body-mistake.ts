import { ascii, skipSpace } from '#shared/wire/scan-bytes'
import { markEnd } from './rows.ts'

/** Where a body stops being JSON. */
export interface BodyMistake {
  /** From 1; a column counts characters. */
  readonly line: number
  readonly column: number
  /** `expected a colon, found "x"` */
  readonly message: string
}

/** @returns undefined where the body is JSON, whatever the encoding of its strings. Never throws; takes time in proportion to the bytes. */
export function bodyMistake(body: Buffer): BodyMistake | undefined {
  const scan = new BodyScan(body)
  if (scan.isJson()) return undefined
  let line = 1
  let lineStart = markEnd(body)
  for (let p = body.indexOf(lineFeed); p !== -1 && p < scan.at; p = body.indexOf(lineFeed, lineStart)) {
    line++
    lineStart = p + 1
  }
  // A byte that continues a character counts none.
  let column = 1
  for (let p = lineStart; p < scan.at; p++) if ((body[p] & 0xc0) !== 0x80) column++
  return { line, column, message: `expected ${scan.expected}, found ${found(body, scan.at)}` }
}

function found(body: Buffer, at: number): string {
  if (at >= body.length) return 'the end of the body'
  const character = String.fromCodePoint(body.toString('utf8', at, at + 4).codePointAt(0) ?? 0)
  return JSON.stringify(character)
}

/** Stops at the first byte that JSON does not allow. Open brackets are kept in a list: bodies may nest as deep as they like. */
class BodyScan {
  readonly #bytes: Buffer
  /** The closing brackets that are to come. */
  readonly #open: number[] = []
  at: number
  expected = ''

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.at = markEnd(bytes)
  }

  isJson(): boolean {
    do {
      if (!this.#value()) return false
      while (this.#open.length > 0 && this.#takeBehindSpace(this.#open[this.#open.length - 1])) this.#open.pop()
      if (this.#open.length === 0) return this.#isEnd()
      const bracket = this.#open[this.#open.length - 1]
      if (!this.#takeBehindSpace(ascii.comma)) return this.#miss(`a comma or "${String.fromCharCode(bracket)}"`)
    } while (this.#open[this.#open.length - 1] !== ascii.closeBrace || this.#name())
    return false
  }

  /** A scalar or an empty bracket; on to the first of these where a bracket is not empty. */
  #value(): boolean {
    for (;;) {
      if (this.#takeBehindSpace(ascii.openBrace)) {
        if (this.#takeBehindSpace(ascii.closeBrace)) return true
        this.#open.push(ascii.closeBrace)
        if (!this.#name()) return false
      } else if (this.#takeBehindSpace(ascii.openBracket)) {
        if (this.#takeBehindSpace(ascii.closeBracket)) return true
        this.#open.push(ascii.closeBracket)
      } else return this.#scalar()
    }
  }

  #name(): boolean {
    if (!this.#takeBehindSpace(ascii.quote)) return this.#miss('a name in double quotes')
    return this.#string() && (this.#takeBehindSpace(ascii.colon) || this.#miss('a colon'))
  }

  #scalar(): boolean {
    if (this.#take(ascii.quote)) return this.#string()
    const literal = literalFrom(this.#bytes[this.at])
    if (literal === undefined) return this.#number()
    if (!literal.equals(this.#bytes.subarray(this.at, this.at + literal.length))) return this.#miss('a value')
    this.at += literal.length
    return true
  }

  /** From behind the opening quote. */
  #string(): boolean {
    const bytes = this.#bytes
    for (;;) {
      while (bytes[this.at] >= ascii.space && bytes[this.at] !== ascii.quote && bytes[this.at] !== ascii.backslash)
        this.at++
      if (this.#take(ascii.quote)) return true
      if (!this.#take(ascii.backslash)) return this.#miss('a closing quote or an escape')
      if (this.#take(ascii.u)) {
        for (let i = 0; i < 4; i++) {
          if (!isHexDigit(bytes[this.at])) return this.#miss('a hexadecimal digit')
          this.at++
        }
      } else if (plainEscapes.includes(bytes[this.at] ?? 0)) this.at++
      else return this.#miss('one of "\\/bfnrtu after a backslash')
    }
  }

  #number(): boolean {
    const isSigned = this.#take(ascii.minus)
    if (!this.#take(ascii.zero) && !this.#digits()) return this.#miss(isSigned ? 'a digit' : 'a value')
    if (this.#take(ascii.dot) && !this.#digits()) return this.#miss('a digit')
    if ((this.#bytes[this.at] | 0x20) !== ascii.e) return true
    this.at++
    if (!this.#take(ascii.plus)) this.#take(ascii.minus)
    return this.#digits() || this.#miss('a digit')
  }

  #digits(): boolean {
    const start = this.at
    while (this.#bytes[this.at] >= ascii.zero && this.#bytes[this.at] <= ascii.nine) this.at++
    return this.at > start
  }

  #isEnd(): boolean {
    this.at = skipSpace(this.#bytes, this.at, this.#bytes.length)
    return this.at === this.#bytes.length || this.#miss('the end of the body')
  }

  #takeBehindSpace(byte: number): boolean {
    this.at = skipSpace(this.#bytes, this.at, this.#bytes.length)
    return this.#take(byte)
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.at] !== byte) return false
    this.at++
    return true
  }

  #miss(expected: string): false {
    this.expected = expected
    return false
  }
}

function literalFrom(first: number): Buffer | undefined {
  if (first === ascii.t) return literals.true
  if (first === ascii.f) return literals.false
  return first === ascii.n ? literals.null : undefined
}

const literals = { true: Buffer.from('true'), false: Buffer.from('false'), null: Buffer.from('null') }
const lineFeed = 0x0a
const plainEscapes = Buffer.from('"\\/bfnrt')

const isHexDigit = (byte: number): boolean =>
  (byte >= ascii.zero && byte <= ascii.nine) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
