/** Numbers things by their structure: the same key gets the same number. */
export class Interner<T> {
  readonly items: T[] = []
  readonly #indexes = new Map<string, number>()

  intern(key: string, make: () => T): number {
    let index = this.#indexes.get(key)
    if (index === undefined) {
      index = this.items.push(make()) - 1
      this.#indexes.set(key, index)
    }
    return index
  }

  find(key: string): number | undefined {
    return this.#indexes.get(key)
  }
}
