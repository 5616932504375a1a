import type { ClaimResult, Commit, CommitResult, OutboxEntry } from '#shared/protocol/commit'
import type { Judged } from '#shared/protocol/owner-io'
import { broken, type InvariantName } from './broken.ts'
import { outboxText } from './outbox-record.ts'
import type { VirtualLog, VirtualRecord } from './virtual-log.ts'

/** Sees all that takes effect, whoever did it, and throws InvariantBroken at once: `place` to `judgements` of `invariants`. */
export class Witness {
  /** Where each acknowledged event is. */
  readonly acknowledged = new Map<string, number>()
  /** By offset. */
  readonly judgements = new Map<number, string>()
  readonly entries = new Map<number, string>()
  isTailLost = false
  commits = 0
  readonly #log: VirtualLog
  readonly #positions = new Map<number, number>()
  #epoch = Number.NEGATIVE_INFINITY

  constructor(log: VirtualLog) {
    this.#log = log
  }

  appended(id: string, offset: number): void {
    const before = this.acknowledged.get(id)
    if (before !== undefined && before !== offset)
      broken('place', `${id} was acknowledged at ${before} and at ${offset}`)
    this.acknowledged.set(id, offset)
  }

  claimed(epoch: number, { kind }: ClaimResult): void {
    if (kind === 'fenced') return
    if (epoch < this.#epoch) broken('fence', `a claim with ${epoch} took effect after one with ${this.#epoch}`)
    this.#epoch = epoch
  }

  committed({ epoch, id, manifest, outbox }: Commit, result: CommitResult): void {
    if (result !== 'ok') return
    this.commits++
    if (epoch < this.#epoch) broken('fence', `commit ${id} took effect after a claim with ${this.#epoch}`)
    const { position } = manifest
    for (let offset = epoch + 1; offset <= position; offset++)
      if (this.#log.at(offset)?.kind === 'claim')
        broken('fence', `commit ${id} holds what comes after the claim of another at ${offset}`)
    const before = this.#positions.get(epoch)
    if (before !== undefined && position < before) broken('position', `${id} goes back from ${before} to ${position}`)
    this.#positions.set(epoch, position)
    for (const entry of outbox) this.#once(this.entries, entry.number, outboxText(entry.bytes), 'entries')
  }

  offered(entries: readonly OutboxEntry[]): void {
    for (const { number, bytes } of entries) {
      if (!this.entries.has(number)) broken('outbox', `entry ${number} is offered, and no commit holds it`)
      this.#once(this.entries, number, outboxText(bytes), 'entries')
    }
  }

  judged({ offset, ...judgement }: Judged): void {
    this.#once(this.judgements, offset, JSON.stringify(judgement), 'judgements')
  }

  /** @returns ids of acknowledged events that are gone: they are sent again */
  tailLost(lost: readonly VirtualRecord[]): readonly string[] {
    this.isTailLost = true
    for (const { offset } of lost) this.judgements.delete(offset)
    return lost.flatMap(({ id }) => (this.acknowledged.delete(id) ? [id] : []))
  }

  /** The checkpoint store has gone back. */
  rolledBack(epoch: number): void {
    this.#epoch = epoch
    this.#positions.clear()
  }

  /** Everything is judged again from the log. */
  startedAnew(): void {
    this.isTailLost = false
    this.entries.clear()
    this.#positions.clear()
    this.#epoch = Number.NEGATIVE_INFINITY
  }

  #once(known: Map<number, string>, number: number, text: string, invariant: InvariantName): void {
    const before = known.get(number)
    if (before !== undefined && before !== text) broken(invariant, `number ${number} was ${before} and is ${text}`)
    known.set(number, text)
  }
}
