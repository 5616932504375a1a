/**
 * Ids of events as numbers, so that a record keeps eight bytes and comparing two ids is comparing two numbers.
 *
 * An id that ends in digits is its prefix's number and the digits: banks number their events, so a stream has a handful of prefixes.
 * Any other id (UUIDs, say) is kept in another form by the caller.
 *
 * The number stands for the id within this process only: prefixes are numbered as they come. It never leaves it.
 */
export class EventIds {
  readonly #numbers = new Map<string, number>()
  readonly #prefixes: { readonly text: string; readonly digits: number }[] = [{ text: '', digits: 0 }]
  #last = 0
  /** An event's id is asked for several times in a row. */
  #lastId = ''
  #lastNumber = -1
  /** Texts that were made last: one event may complete thousands of matches that share most of their events. */
  readonly #madeNumbers = new Float64Array(madeMax).fill(-1)
  readonly #made = new Array<string>(madeMax).fill('')

  /** @returns the id's number, 0 or more; −1 where it has none */
  encode(id: string): number {
    if (id === this.#lastId) return this.#lastNumber
    this.#lastId = id
    this.#lastNumber = this.#encode(id)
    return this.#lastNumber
  }

  text(number: number): string {
    if (number === this.#lastNumber) return this.#lastId
    const place = number % madeMax
    if (this.#madeNumbers[place] !== number) {
      const { text, digits } = this.#prefixes[Math.floor(number / span)]
      this.#madeNumbers[place] = number
      this.#made[place] = text + String(number % span).padStart(digits, '0')
    }
    return this.#made[place]
  }

  #encode(id: string): number {
    const { length } = id
    let start = length
    let value = 0
    let unit = 1
    while (start > 0 && length - start < digitsMax) {
      const digit = id.charCodeAt(start - 1) - 48
      if (digit < 0 || digit > 9) break
      value += digit * unit
      unit *= 10
      start--
    }
    const digits = length - start
    if (digits === 0 || start > prefixLengthMax) return -1
    const isPlain = start === 0 && (digits === 1 || id.charCodeAt(0) !== 48)
    const prefix = isPlain ? 0 : this.#prefixOf(id, start, digits)
    return prefix < 0 ? -1 : prefix * span + value
  }

  #prefixOf(id: string, length: number, digits: number): number {
    const last = this.#prefixes[this.#last]
    if (last.digits === digits && last.text.length === length && id.startsWith(last.text)) return this.#last
    const text = id.slice(0, length)
    const name = `${digits} ${text}`
    let number = this.#numbers.get(name) ?? -1
    if (number < 0) {
      if (this.#prefixes.length === prefixesMax) return -1
      number = this.#prefixes.push({ text, digits }) - 1
      this.#numbers.set(name, number)
    }
    this.#last = number
    return number
  }
}

/** A month of a busy account. */
const madeMax = 1_024
/** Ten digits number ten billion events of one prefix; with the prefix's number they stay below 2^53. */
const digitsMax = 10
const span = 10 ** digitsMax
/** Longer ones are no prefix but part of a random id, which would fill the table. */
const prefixLengthMax = 16
/** A stream whose ids have more prefixes has none: the rest is kept as text. */
const prefixesMax = 4096
