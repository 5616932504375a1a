import { checksum32 } from '#shared/checkpoint/checksum'
import { invariant } from '#shared/domain/invariant'
import { type LogBlock, type RecordKind, recordKinds } from '#shared/protocol/log-record'

export interface VirtualRecord {
  readonly offset: number
  readonly kind: RecordKind
  /** ms since 1970. */
  readonly receivedAt: number
  readonly body: Uint8Array
  /** Of events: the id; otherwise ''. */
  readonly id: string
}

export type Appended = { readonly offset: number; readonly isDuplicate: boolean } | 'conflict'

/**
 * One partition of a log. What was appended is there, until it is told to lose it.
 *
 * L1 Offsets rise by one; after a loss of the tail they are used again. The oldest ones expire.
 * L2 A repeat of an event is not appended: its offset is that of the first.
 */
export class VirtualLog {
  /** By offset less one; undefined: expired. */
  #records: (VirtualRecord | undefined)[] = []
  /** All that the log has, expired or not: what the end of a simulation is judged by. */
  #archive: VirtualRecord[] = []
  readonly #byId = new Map<string, VirtualRecord>()
  #waiting: { readonly offset: number; readonly wake: () => void }[] = []

  get next(): number {
    return this.#records.length + 1
  }

  get archive(): readonly VirtualRecord[] {
    return this.#archive
  }

  get hasRules(): boolean {
    return this.#archive.some(({ kind }) => kind === 'ruleset')
  }

  get bounds(): { readonly first: number; readonly next: number } {
    const first = this.#records.findIndex((record) => record !== undefined)
    return { first: first < 0 ? this.next : first + 1, next: this.next }
  }

  appendEvent(kind: 'event' | 'decide', id: string, body: Uint8Array, receivedAt: number): Appended {
    const known = this.known(id)
    if (known !== undefined)
      return areEqual(known.body, body) ? { offset: known.offset, isDuplicate: true } : 'conflict'
    return { offset: this.#append(kind, id, body, receivedAt), isDuplicate: false }
  }

  appendOwn(kind: Exclude<RecordKind, 'event' | 'decide'>, body: Uint8Array, receivedAt: number): number {
    return this.#append(kind, '', body, receivedAt)
  }

  /** @returns undefined: there is none there */
  at(offset: number): VirtualRecord | undefined {
    return this.#records[offset - 1]
  }

  /** @param recordsMax how many at most */
  read(from: number, recordsMax: number): LogBlock {
    const records: VirtualRecord[] = []
    for (let i = Math.max(0, from - 1); i < this.#records.length && records.length < recordsMax; i++) {
      const record = this.#records[i]
      if (record !== undefined) records.push(record)
    }
    return blockOf(records)
  }

  /** Calls back once there may be a record at this offset or later. */
  whenReached(offset: number, wake: () => void): void {
    if (offset < this.next) wake()
    else this.#waiting.push({ offset, wake })
  }

  /** The newest records go, and their offsets are used again. @returns what is gone */
  loseTail(count: number): readonly VirtualRecord[] {
    const kept = this.#records.length - count
    invariant(kept >= 0, 'the log has no more records')
    this.#records = this.#records.slice(0, kept)
    const lost = this.#archive.filter(({ offset }) => offset > kept)
    this.#archive = this.#archive.filter(({ offset }) => offset <= kept)
    for (const { id } of lost) this.#byId.delete(id)
    return lost
  }

  /** Records up to this offset go. */
  expire(upTo: number): void {
    this.#records.fill(undefined, 0, Math.max(0, upTo))
  }

  /** The event with this id that the log has. */
  protected known(id: string): VirtualRecord | undefined {
    return this.#byId.get(id)
  }

  #append(kind: RecordKind, id: string, body: Uint8Array, receivedAt: number): number {
    const record = { offset: this.next, kind, receivedAt, body, id }
    this.#records.push(record)
    this.#archive.push(record)
    if (id !== '') this.#byId.set(id, record)
    const awake = this.#waiting.filter(({ offset }) => offset < this.next)
    this.#waiting = this.#waiting.filter(({ offset }) => offset >= this.next)
    for (const { wake } of awake) wake()
    return record.offset
  }
}

export function blockOf(records: readonly VirtualRecord[]): LogBlock {
  const bytes = new Uint8Array(records.reduce((sum, { body }) => sum + body.length, 0))
  const starts: number[] = []
  const ends: number[] = []
  let end = 0
  for (const { body } of records) {
    starts.push(end)
    bytes.set(body, end)
    end += body.length
    ends.push(end)
  }
  return {
    length: records.length,
    offsets: records.map(({ offset }) => offset),
    kinds: records.map(({ kind }) => recordKinds.indexOf(kind)),
    receivedAt: records.map(({ receivedAt }) => receivedAt),
    traceparents: records.map(() => ''),
    bytes,
    starts,
    ends,
  }
}

const areEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && checksum32(a, 0, a.length) === checksum32(b, 0, b.length)
