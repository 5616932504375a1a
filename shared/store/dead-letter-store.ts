/**
 * Where rows lie that could not be read, until somebody has mended what made them so.
 *
 * D1 `add` resolves only when all letters are durable. A letter that is there already (same source, position, row and digest) is not added again.
 * D2 Ids rise in the order of adding, and none is used twice.
 * D3 What lies there is bounded by `deadLetterLimits`: the oldest go first, and are counted.
 */
export interface DeadLetterStore {
  /** @returns how many old ones went for the want of room. Rejects with DeadLettersUnavailable. */
  add(letters: readonly NewDeadLetter[]): Promise<number>
  /** Newest first. Rejects with DeadLettersUnavailable. */
  list(query: DeadLetterQuery): Promise<readonly ListedLetter[]>
  letter(id: number): Promise<DeadLetter | undefined>
  /** Nothing happens where it is gone. Rejects with DeadLettersUnavailable. */
  remove(id: number): Promise<void>
  /** It was tried again, and has another mistake. Rejects with DeadLettersUnavailable. */
  amend(id: number, problem: LetterProblem): Promise<void>
  /** What was asked before is done first. */
  close(): Promise<void>
}

interface LetterProblem {
  /** Of those in `command-line.md`, and `in-the-future`. */
  readonly reason: string
  /** Path of the field, where the reason concerns one. */
  readonly field: string | undefined
  /** It may hold a value of the row, and so must not come into a log. */
  readonly message: string
}

export interface NewDeadLetter extends LetterProblem {
  /** Name of the source. */
  readonly source: string
  /** Of the message in the source, as its broker counts: `payments/3:1041`, `CARDS:77`. */
  readonly position: string
  /** Number of the row in its message, from 1. */
  readonly row: number
  /** SHA-256 of the row, hexadecimal. */
  readonly digest: string
  /** The row as it came, or its first bytes. */
  readonly bytes: Uint8Array
  /** Length of the row. Above that of `bytes` the rest was not kept. */
  readonly size: number
  /** ms since 1970. */
  readonly receivedAt: number
  /** W3C trace context of the message. */
  readonly traceparent: string
}

export interface DeadLetter extends NewDeadLetter {
  readonly id: number
}

/** A page of them is small, however large their rows are. */
export type ListedLetter = Omit<DeadLetter, 'bytes'>

export interface DeadLetterQuery {
  readonly source: string | undefined
  readonly reason: string | undefined
  /** Only those with a lower id; undefined: from the newest on. */
  readonly before: number | undefined
  readonly limit: number
}

/** Bounds of what lies there, with the reason for their size. */
export const deadLetterLimits = {
  /** A wrong MAP makes one of every row: some minutes of a busy topic, which its broker has still. */
  lettersMax: 200_000,
  /** Of their rows. */
  bytesMax: 256 * 2 ** 20,
  /** Longer than it takes to see that a MAP is wrong and to mend it; after it, every event in it is late. */
  keptMs: 30 * 86_400_000,
} as const

/** Letters cannot be written or read now. Whoever adds one waits and adds it again. */
export class DeadLettersUnavailable extends Error {
  readonly _tag = 'DeadLettersUnavailable'
  override readonly name = 'DeadLettersUnavailable'
}

/** For tests. */
export class MemoryDeadLetterStore implements DeadLetterStore {
  readonly #letters = new Map<number, DeadLetter>()
  #lastId = 0

  async add(letters: readonly NewDeadLetter[]): Promise<number> {
    for (const letter of letters) {
      if ([...this.#letters.values()].some((known) => isSame(known, letter))) continue
      const id = ++this.#lastId
      this.#letters.set(id, { ...letter, bytes: letter.bytes.slice(), id })
    }
    return 0
  }

  async list({ source, reason, before, limit }: DeadLetterQuery): Promise<readonly ListedLetter[]> {
    return [...this.#letters.values()]
      .reverse()
      .filter((letter) => before === undefined || letter.id < before)
      .filter((letter) => source === undefined || letter.source === source)
      .filter((letter) => reason === undefined || letter.reason === reason)
      .slice(0, limit)
      .map(({ bytes: _, ...listed }) => listed)
  }

  async letter(id: number): Promise<DeadLetter | undefined> {
    return this.#letters.get(id)
  }

  async remove(id: number): Promise<void> {
    this.#letters.delete(id)
  }

  async amend(id: number, { reason, field, message }: LetterProblem): Promise<void> {
    const letter = this.#letters.get(id)
    if (letter !== undefined) this.#letters.set(id, { ...letter, reason, field, message })
  }

  async close(): Promise<void> {}
}

const isSame = (a: NewDeadLetter, b: NewDeadLetter): boolean =>
  a.source === b.source && a.position === b.position && a.row === b.row && a.digest === b.digest
