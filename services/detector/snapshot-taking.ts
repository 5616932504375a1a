import type { ActorEntry, MarkedActor } from '#shared/protocol/commit'

/** A snapshot that is being taken: what commits change meanwhile, and whether it is given up. */
export class SnapshotTaking {
  readonly generations: readonly number[]
  count = 0
  readonly #deadline = performance.now() + takingMsMax
  /** By generation and name. */
  readonly #changed: ReadonlyMap<number, Map<string, MarkedActor>>
  /** By the commit under way. */
  #staged: Change[] = []
  #givenUp: string | undefined

  constructor(generations: readonly number[]) {
    this.generations = generations
    this.#changed = new Map(generations.map((generation) => [generation, new Map()]))
  }

  giveUp(why: string): void {
    this.#givenUp ??= why
  }

  /** Throws GivenUp. */
  check(): void {
    if (this.count + this.#staged.length > changedMax)
      this.giveUp(`more than ${changedMax} accounts have changed while it was taken`)
    if (performance.now() > this.#deadline) this.giveUp(`it was not done after ${takingMsMax / 60_000} minutes`)
    if (this.#givenUp !== undefined) throw new GivenUp(this.#givenUp)
  }

  /** What a commit that has not come yet will change. */
  staged(entries: readonly ActorEntry[]): void {
    if (this.#staged.length > changedMax) return
    // Without their bytes.
    for (const { generation, population, key, deadline, hasBook } of entries)
      this.#staged.push({ generation, population, key, deadline, hasBook })
  }

  /** It has come, with the rest of its changes. */
  committed(entries: readonly Change[]): void {
    const staged = this.#staged
    this.#staged = []
    for (const changes of [staged, entries])
      for (const { generation, population, key, deadline, hasBook } of changes) {
        const changed = this.#changed.get(generation)
        const name = `${population} ${key}`
        if (changed === undefined || this.count > changedMax) continue
        if (!changed.has(name)) this.count++
        changed.set(name, { population, key, deadline, hasBook })
      }
  }

  /** Some of one generation. */
  takeChanged(countMax: number): { readonly generation: number; readonly marks: readonly MarkedActor[] } {
    for (const [generation, changed] of this.#changed) {
      const marks: MarkedActor[] = []
      for (const [name, mark] of changed) {
        if (marks.length === countMax) break
        marks.push(mark)
        changed.delete(name)
      }
      this.count -= marks.length
      if (marks.length > 0) return { generation, marks }
    }
    return { generation: 0, marks: [] }
  }
}

/** There is no snapshot this time. */
export class GivenUp extends Error {}

type Change = Omit<ActorEntry, 'form' | 'bytes'>

const changedMax = 1_000_000
const takingMsMax = 600_000
