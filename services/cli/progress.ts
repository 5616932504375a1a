const drawEveryMs = 200
const barCells = 30

/**
 * How far a long piece of work is, on one line of a terminal; silent where stderr is not one.
 */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  #drawnAt = 0

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  /** @param total undefined: not known */
  show(what: string, done: number, total?: number): void {
    if (!this.#stream.isTTY || performance.now() - this.#drawnAt < drawEveryMs) return
    this.#drawnAt = performance.now()
    const count = done.toLocaleString('en')
    const text = total === undefined ? count : `${bar(done / total)} ${count} of ${total.toLocaleString('en')}`
    this.#stream.write(`\r\x1b[2K${what} ${text}`)
  }

  clear(): void {
    if (this.#stream.isTTY && this.#drawnAt > 0) this.#stream.write('\r\x1b[2K')
  }
}

const bar = (share: number): string => {
  const full = Math.round(Math.min(1, share) * barCells)
  return `${'█'.repeat(full)}${'░'.repeat(barCells - full)}`
}
