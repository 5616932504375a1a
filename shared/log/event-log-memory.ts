import { invariant } from '#shared/domain/invariant'
import type { LogBlock } from '#shared/protocol/log-record'
import { recordKinds } from '#shared/protocol/log-record'
import type { AppendRequest, AppendResult, EventLog, FoundEvent, LogHealth, TrimmableLog } from './event-log.ts'
import { LogUnavailable } from './event-log.ts'
import { LogBlockBuilder } from './log-block-builder.ts'
import { OffsetWaiters } from './offset-waiters.ts'
import { compareEvents, isEventKind } from './repeat-rule.ts'

interface MemoryRecord extends FoundEvent {
  readonly kind: number
  readonly digest: number
  /** How many records came before it, over all partitions. */
  readonly order: number
}

/** What a log in memory leaves to the one that is opened after it. */
export class MemoryLogStorage {
  readonly partitions: readonly MemoryRecord[][]
  /** Event records by id, in order of appending. */
  readonly byId = new Map<string, MemoryRecord[]>()
  length = 0
  /** By partition: how many of the first records are no longer there. */
  readonly removed: number[]

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => [])
    this.removed = Array<number>(partitions).fill(0)
  }
}

/** The log without a disk, for tests and simulations. Record `i` of a partition has offset `i + 1`. */
export class MemoryEventLog implements EventLog, TrimmableLog {
  readonly #storage: MemoryLogStorage
  readonly #latenessMs: number
  readonly #waiters: readonly OffsetWaiters[]
  #isClosed = false

  constructor(options: { readonly storage: MemoryLogStorage; readonly latenessMs: number }) {
    this.#storage = options.storage
    this.#latenessMs = options.latenessMs
    this.#waiters = options.storage.partitions.map(() => new OffsetWaiters())
  }

  get health(): LogHealth {
    return this.#isClosed
      ? { isReady: false, reason: 'unreachable', detail: closedDetail, isOver: true }
      : { isReady: true }
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    this.#check()
    const added: MemoryRecord[] = []
    const nexts = this.#storage.partitions.map((records) => records.length + 1)
    const addedById = new Map<string, MemoryRecord[]>()
    const offsets: number[] = []
    const isDuplicate: boolean[] = []
    const conflicts: number[] = []
    for (let i = 0; i < request.partitions.length; i++) {
      const record = recordAt(request, i, nexts[request.partitions[i]], this.#storage.length + added.length)
      const first = isEventKind[record.kind] ? this.#first(record, addedById) : undefined
      if (first === 'conflict') conflicts.push(i)
      offsets.push(first === 'conflict' ? 0 : (first ?? record.offset))
      isDuplicate.push(typeof first === 'number')
      if (first !== undefined) continue
      nexts[record.partition]++
      added.push(record)
      if (isEventKind[record.kind]) list(addedById, record.id).push(record)
    }
    if (conflicts.length > 0) return { kind: 'conflict', indexes: conflicts }
    this.#add(added)
    return { kind: 'appended', offsets, isDuplicate }
  }

  async read(partition: number, from: number, bytesMax: number): Promise<LogBlock> {
    this.#check()
    const records = this.#records(partition)
    const builder = new LogBlockBuilder()
    for (let i = Math.max(this.#storage.removed[partition], from - 1); i < records.length; i++) {
      const { body } = records[i]
      if (builder.length > 0 && builder.bytesLength + body.length > bytesMax) break
      builder.add(records[i], body)
    }
    return builder.block()
  }

  async waitFor(partition: number, offset: number, signal: AbortSignal): Promise<void> {
    this.#check()
    if (this.#records(partition).length < offset) await this.#waiters[partition].wait(offset, signal)
  }

  async bounds(partition: number): Promise<{ readonly first: number; readonly next: number }> {
    this.#check()
    return { first: this.#storage.removed[partition] + 1, next: this.#records(partition).length + 1 }
  }

  async find(ids: readonly string[]): Promise<readonly FoundEvent[]> {
    this.#check()
    const found = [...new Set(ids)].flatMap((id) => this.#storage.byId.get(id) ?? [])
    return found
      .sort((a, b) => a.order - b.order)
      .map(({ id, partition, offset, at, receivedAt, traceparent, body }) => {
        return { id, partition, offset, at, receivedAt, traceparent, body }
      })
  }

  renewReader(): void {}

  async trim(partition: number, { before, receivedBefore }: Parameters<TrimmableLog['trim']>[1]): Promise<void> {
    this.#check()
    const records = this.#records(partition)
    const { removed, byId } = this.#storage
    for (let i = removed[partition]; i < Math.min(before, records.length) - 1; i++) {
      const record = records[i]
      if (record.receivedAt >= receivedBefore) return
      removed[partition] = i + 1
      const left = byId.get(record.id)?.filter((each) => each !== record) ?? []
      if (left.length > 0) byId.set(record.id, left)
      else byId.delete(record.id)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const waiters of this.#waiters) waiters.fail(new LogUnavailable('closed', closedDetail))
  }

  /** The offset of the event that this one repeats. */
  #first(record: MemoryRecord, added: ReadonlyMap<string, readonly MemoryRecord[]>): number | 'conflict' | undefined {
    let hasConflict = false
    for (const known of [this.#storage.byId, added])
      for (const earlier of known.get(record.id) ?? []) {
        const relation = compareEvents(earlier, record, this.#latenessMs)
        if (relation === 'repeat') return earlier.offset
        if (relation === 'conflict') hasConflict = true
      }
    return hasConflict ? 'conflict' : undefined
  }

  #add(records: readonly MemoryRecord[]): void {
    const { partitions, byId } = this.#storage
    for (const record of records) {
      partitions[record.partition].push(record)
      if (isEventKind[record.kind]) list(byId, record.id).push(record)
    }
    this.#storage.length += records.length
    for (const [partition, waiters] of this.#waiters.entries()) waiters.reached(partitions[partition].length + 1)
  }

  #records(partition: number): readonly MemoryRecord[] {
    const records = this.#storage.partitions[partition]
    invariant(records !== undefined, `there is no partition ${partition}`)
    return records
  }

  #check(): void {
    if (this.#isClosed) throw new LogUnavailable('closed', closedDetail)
  }
}

const closedDetail = 'the log is closed'

function recordAt(request: AppendRequest, i: number, offset: number, order: number): MemoryRecord {
  invariant(offset !== undefined, `there is no partition ${request.partitions[i]}`)
  return {
    kind: recordKinds.indexOf(request.kind),
    order,
    partition: request.partitions[i],
    offset,
    receivedAt: request.receivedAt,
    traceparent: request.traceparent,
    id: request.ids[i],
    at: request.at[i],
    digest: request.digests[i],
    body: request.bodies[i].slice(),
  }
}

function list<V>(map: Map<string, V[]>, key: string): V[] {
  const known = map.get(key)
  if (known !== undefined) return known
  const made: V[] = []
  map.set(key, made)
  return made
}
