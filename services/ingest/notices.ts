import { ingestLimits } from './ingest-limits.ts'
import type { SourceCounts } from './source-counts.ts'

/** Lines about one source for whoever runs the service: when it is away, waits, is back, and has dead letters. Never what stands in a row. */
export class Notices {
  readonly #source: string
  readonly #write: (line: string) => void
  readonly #now: () => number
  #isAway = false
  #waitsSince: number | undefined
  #saidAt = Number.NEGATIVE_INFINITY
  #lettersTold = 0
  #lettersAt = Number.NEGATIVE_INFINITY

  /** @param now monotonic, ms */
  constructor(source: string, write: (line: string) => void, now: () => number) {
    this.#source = source
    this.#write = write
    this.#now = now
  }

  say(text: string): void {
    this.#write(`source ${this.#source} ${text}`)
  }

  /** Told at once, then now and then. */
  isAway(text: string): void {
    if (this.#isAway && this.#now() - this.#saidAt < ingestLimits.noticeEveryMs) return
    this.#isAway = true
    this.#saidAt = this.#now()
    this.say(text)
  }

  isBack(text: string): void {
    this.#isAway = false
    this.say(text)
  }

  /** A moment of waiting is nothing that anybody needs to know. @param why undefined: it goes on */
  waits(why: string | undefined): void {
    if (why === undefined) {
      if (this.#waitsSince !== undefined && this.#waitsSince < this.#saidAt) this.say('goes on')
      this.#waitsSince = undefined
      return
    }
    this.#waitsSince ??= this.#now()
    if (this.#now() - this.#waitsSince < waitTellMs || this.#now() - this.#saidAt < ingestLimits.noticeEveryMs) return
    this.#saidAt = this.#now()
    this.say(`waits: ${why}`)
  }

  letters({ deadLetters, droppedLetters }: SourceCounts): void {
    const total = [...deadLetters.values()].reduce((sum, n) => sum + n, 0)
    if (total === this.#lettersTold || this.#now() - this.#lettersAt < ingestLimits.noticeEveryMs) return
    this.#lettersAt = this.#now()
    const byReason = [...deadLetters].map(([reason, n]) => `${n} ${reason}`).join(', ')
    const dropped = droppedLetters === 0 ? '' : `; ${droppedLetters} old ones went for the want of room`
    this.say(
      `has ${total - this.#lettersTold} more dead letters (since the start ${byReason})${dropped}; vigil deadletters list shows them`,
    )
    this.#lettersTold = total
  }
}

const waitTellMs = 2_000
