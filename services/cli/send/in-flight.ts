import type { InputPosition } from './batch.ts'

/** A batch that was begun. */
export interface Begun {
  readonly position: InputPosition
  isDone: boolean
}

/**
 * The batches between reading and acknowledgement.
 *
 * A1 `acknowledged` never passes a batch that has no answer, whatever came back before it.
 * A2 At most `connections` batches are under way, and at most `begunMax` are begun and not passed.
 */
export class InFlight {
  readonly #connections: number
  /** Oldest first. */
  readonly #begun: Begun[] = []
  #underWay = 0
  #acknowledged: InputPosition
  #wake: (() => void) | undefined

  constructor(connections: number, from: InputPosition) {
    this.#connections = connections
    this.#acknowledged = from
  }

  get acknowledged(): InputPosition {
    return this.#acknowledged
  }

  get isEmpty(): boolean {
    return this.#underWay === 0
  }

  get hasRoom(): boolean {
    return this.#underWay < this.#connections && this.#begun.length < begunMax
  }

  begin(position: InputPosition): Begun {
    const begun = { position, isDone: false }
    this.#begun.push(begun)
    this.#underWay++
    return begun
  }

  /** @param isDone every row has its answer; false: it is given up */
  end(begun: Begun, isDone: boolean): void {
    begun.isDone = isDone
    this.#underWay--
    while (this.#begun.length > 0 && this.#begun[0].isDone)
      this.#acknowledged = this.#begun.shift()?.position ?? this.#acknowledged
    this.#wake?.()
  }

  /** Resolves at the next `end`. One caller at a time. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** While one batch is tried again, others go on over the other connections: so far ahead at most. */
const begunMax = 1_024
