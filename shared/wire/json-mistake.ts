/**
 * Says where a text stops being JSON. The engine's own messages differ between versions of Node, and outputs must not.
 * @param text for which `JSON.parse` throws
 * @returns `expected a comma or "}" at character 12, found "x"`; characters count from 1
 */
export function jsonMistake(text: string): string {
  const { expected, at } = new JsonScan(text).run()
  const unit = text.codePointAt(at)
  const found = unit === undefined ? 'the end of the row' : JSON.stringify(String.fromCodePoint(unit))
  return `expected ${expected} at character ${at + 1}, found ${found}`
}

interface Mistake {
  readonly expected: string
  readonly at: number
}

const stringUnits = /[ !#-[\]-\u{10ffff}]*/uy
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const space = /[ \t\n\r]*/y

/** Keeps open brackets in a list, not on the stack: input may nest as deep as it likes. */
class JsonScan {
  readonly #text: string
  readonly #open: string[] = []
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  run(): Mistake {
    return this.#values() ?? { expected: 'the end of the row', at: this.#at }
  }

  /** One value after the other, until the outermost is complete. */
  #values(): Mistake | undefined {
    for (;;) {
      const mistake = this.#value()
      if (mistake !== undefined) return mistake
      for (;;) {
        this.#skip(space)
        const bracket = this.#open.at(-1)
        if (bracket === undefined) return undefined
        if (this.#take(bracket)) this.#open.pop()
        else if (this.#take(',')) break
        else return { expected: `a comma or "${bracket}"`, at: this.#at }
      }
      const mistakeInName = this.#open.at(-1) === '}' ? this.#name() : undefined
      if (mistakeInName !== undefined) return mistakeInName
    }
  }

  /** A value; where it opens a bracket, on to the first value inside. */
  #value(): Mistake | undefined {
    for (;;) {
      this.#skip(space)
      if (this.#take('{')) {
        this.#skip(space)
        if (this.#take('}')) return undefined
        this.#open.push('}')
        const mistake = this.#name()
        if (mistake !== undefined) return mistake
      } else if (this.#take('[')) {
        this.#skip(space)
        if (this.#take(']')) return undefined
        this.#open.push(']')
      } else return this.#scalar()
    }
  }

  #name(): Mistake | undefined {
    this.#skip(space)
    if (this.#text[this.#at] !== '"') return { expected: 'a name in double quotes', at: this.#at }
    const mistake = this.#string()
    if (mistake !== undefined) return mistake
    this.#skip(space)
    return this.#take(':') ? undefined : { expected: 'a colon', at: this.#at }
  }

  #scalar(): Mistake | undefined {
    if (this.#text[this.#at] === '"') return this.#string()
    for (const word of ['true', 'false', 'null']) {
      if (!this.#text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return undefined
    }
    return this.#skip(number) > 0 ? undefined : { expected: 'a value', at: this.#at }
  }

  #string(): Mistake | undefined {
    this.#at++
    for (;;) {
      this.#skip(stringUnits)
      if (this.#take('"')) return undefined
      if (!this.#take('\\')) return { expected: 'a closing quote or an escape', at: this.#at }
      if (this.#take('u')) {
        for (let i = 0; i < 4; i++) {
          if (!/^[\da-fA-F]$/.test(this.#text[this.#at] ?? '')) return { expected: 'a hexadecimal digit', at: this.#at }
          this.#at++
        }
      } else if (!/^["\\/bfnrt]$/.test(this.#text[this.#at] ?? '')) {
        return { expected: 'one of "\\/bfnrtu after a backslash', at: this.#at }
      } else this.#at++
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  /** @returns how many characters the pattern took. */
  #skip(pattern: RegExp): number {
    pattern.lastIndex = this.#at
    const length = pattern.exec(this.#text)?.[0].length ?? 0
    this.#at += length
    return length
  }
}
