import { buffersOf, LineGatherer, type LinePiece } from './line-piece.ts'
import { lastPlace, type Place } from './place.ts'
import type { ReplaySink, ReplayState } from './replay.ts'
import type { FromThread } from './thread-messages.ts'

interface ThreadOutputOptions {
  readonly send: (message: FromThread, transfer: readonly ArrayBuffer[]) => void
  readonly now: () => number
  readonly keepsDeadLetters: boolean
}

/**
 * Sends what a thread finds to the one that writes it, and waits where that is too far behind.
 *
 * T1 What is under way, and not yet taken, has at most `weightMax` characters and one piece.
 * T2 A piece comes with a place behind all of its lines, so that the thread that is behind all others never waits.
 */
export class ThreadOutput implements ReplaySink {
  /** Lines so far. */
  deadLetters = 0
  readonly #options: ThreadOutputOptions
  readonly #results = new LineGatherer()
  readonly #deadLetters = new LineGatherer()
  /** Characters under way. */
  #weight = 0
  #wake: (() => void) | undefined
  #state: ReplayState | undefined

  constructor(options: ThreadOutputOptions) {
    this.#options = options
  }

  result(line: string, place: Place): void {
    this.#results.add(line, place)
  }

  deadLetter(line: string, place: Place): void {
    if (!this.#options.keepsDeadLetters) return
    this.#deadLetters.add(line, place)
    this.deadLetters++
  }

  async pause(state: ReplayState): Promise<void> {
    this.#state = state
    let isMore = true
    while (isMore) {
      const results = this.#results.take(pieceCharacters)
      const deadLetters = this.#deadLetters.take(pieceCharacters)
      const nextResult = this.#results.nextPlace
      const nextDeadLetter = this.#deadLetters.nextPlace
      isMore = nextResult !== undefined || nextDeadLetter !== undefined
      await this.#found(results, deadLetters, {
        ...state,
        resultsBefore: nextResult ?? state.resultsBefore,
        deadLettersBefore: nextDeadLetter ?? state.deadLettersBefore,
      })
    }
  }

  /** Sends all that is left. Every thread does: who is ahead in places waits. */
  async finish(): Promise<void> {
    for (let next: Place | undefined = this.#results.nextPlace; next !== lastPlace; ) {
      const results = this.#results.take(pieceCharacters)
      next = this.#results.nextPlace ?? lastPlace
      const state = this.#state
      if (state !== undefined)
        await this.#found(results, undefined, { ...state, resultsBefore: next, seenBefore: next })
    }
  }

  taken(weight: number): void {
    this.#weight -= weight
    this.#wake?.()
  }

  async #found(results: LinePiece | undefined, deadLetters: LinePiece | undefined, state: ReplayState): Promise<void> {
    const pieces = [results, deadLetters].filter((piece) => piece !== undefined)
    const weight = pieces.reduce((sum, piece) => sum + piece.lines.text.length, messageCharacters)
    this.#weight += weight
    const now = this.#options.now()
    this.#options.send({ kind: 'found', results, deadLetters, state, now, weight }, pieces.flatMap(buffersOf))
    while (this.#weight > weightMax)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }
}

/** Larger pieces gain nothing. */
const pieceCharacters = 256 * 1024
/** What a message takes beside its lines. */
const messageCharacters = 1024
/** Some ten thousand lines: enough that threads hardly ever wait for each other. */
const weightMax = 16 * 1024 * 1024
