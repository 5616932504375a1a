/** The entries set last, by key: `size` of them at least, twice as many at most. */
export class Lately<T> {
  readonly #size: number
  #newer = new Map<string, T>()
  #older = new Map<string, T>()

  constructor(size: number) {
    this.#size = size
  }

  get(key: string): T | undefined {
    return this.#newer.get(key) ?? this.#older.get(key)
  }

  set(key: string, value: T): void {
    // One by one, the oldest of a large Map is dear to find: its order keeps the places of entries that are gone.
    if (this.#newer.size >= this.#size) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, value)
  }

  delete(key: string): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }
}
