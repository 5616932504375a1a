/** Two 32-bit hashes side by side, of texts in order. */
export class StepHash {
  count = 0
  #a = 0x811c9dc5
  #b = 0x41c6ce57

  add(text: string): void {
    this.count++
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      this.#a = Math.imul(this.#a ^ unit, 0x01000193)
      this.#b = Math.imul(this.#b ^ unit, 0x5f356495)
    }
    this.#a ^= this.#a >>> 15
    this.#b ^= this.#b >>> 13
  }

  /** 16 hex digits. */
  get text(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
