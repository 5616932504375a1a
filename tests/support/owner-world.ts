import { checksum32 } from '../../shared/checkpoint/checksum.ts'
import { sha256Hex } from '../../shared/domain/digest.ts'
import type { EventSchema } from '../../shared/domain/event-schema.ts'
import type { Random } from '../../shared/generator/random.ts'
import { type LogBlock, type RecordKind, recordKinds } from '../../shared/protocol/log-record.ts'
import type { OwnerCommand, OwnerFailure, OwnerInput } from '../../shared/protocol/owner-io.ts'
import type { OwnerOptions } from '../../shared/protocol/owner-options.ts'
import { PartitionOwner } from '../../shared/protocol/partition-owner.ts'
import { MemoryCheckpointStore } from '../../shared/store/checkpoint-store-memory.ts'
import { JsonCodec } from '../../shared/wire/json-codec.ts'
import type { WorldEvent } from './checkpoint-world.ts'

interface StoredRecord {
  readonly kind: RecordKind
  readonly receivedAt: number
  readonly body: Uint8Array
}

/** A log in memory, a checkpoint store in memory, and owners that come and go at any moment. */
export class OwnerWorld {
  readonly records: StoredRecord[] = []
  readonly store = new MemoryCheckpointStore()
  /** Entries as they were delivered, by number; a repeat must be the same. */
  readonly delivered = new Map<number, string>()
  readonly failures: OwnerFailure[] = []
  readonly judged = new Map<number, string>()
  restarts = -1
  now = 1_800_000_000_000
  rules: ReadonlyMap<string, string>
  owner!: PartitionOwner
  readonly #options: Partial<OwnerOptions>
  readonly #random: Random
  #todo: OwnerCommand[] = []
  /** Reads that wait for the end of the log to move. */
  #reading: Extract<OwnerCommand, { kind: 'read' }>[] = []

  constructor(rules: ReadonlyMap<string, string>, random: Random, options: Partial<OwnerOptions> = {}) {
    this.rules = rules
    this.#random = random
    this.#options = options
  }

  get isStopped(): boolean {
    return this.#todo.some(({ kind }) => kind === 'stopped')
  }

  /** A new owner starts; whatever the last one had under way is lost, or was done without its knowing. */
  async restart(): Promise<void> {
    for (const command of this.#todo) if (this.#random.chance(0.5)) await this.#perform(command)
    this.restarts++
    this.#todo = []
    this.#reading = []
    const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
    this.owner = new PartitionOwner({
      partition: 0,
      name: `owner ${this.restarts}`,
      ruleFiles: this.rules,
      newHashKey: 7,
      latenessMs: 120_000,
      tenant: 'bank',
      memoryBytesMax: 32 * 2 ** 20,
      sha256Hex,
      decoderOf: (schema: EventSchema) => new JsonCodec(schema),
      entries: {
        alert: (revision, _ruleSet, { offset }) => json({ alert: { ...revision }, offset }),
        decision: (revision, { offset }) => json({ decision: revision, offset }),
        late: (eventId, { offset }) => json({ late: eventId, offset }),
      },
      ...this.#options,
    })
    this.tell({ kind: 'start' })
  }

  append(kind: RecordKind, body: Uint8Array): number {
    this.records.push({ kind, receivedAt: this.now, body })
    return this.records.length
  }

  send(event: WorldEvent, isAsked: boolean): number {
    const { amount, ...fields } = event.fields
    const row = { ...fields, amount: Number(amount) / 100, type: event.type, id: event.id, at: event.at }
    return this.append(isAsked ? 'decide' : 'event', Buffer.from(JSON.stringify(row)))
  }

  tell(input: OwnerInput): void {
    for (const command of this.owner.handle(input)) {
      if (command.kind === 'halt') this.failures.push(command.failure)
      else if (command.kind === 'judged')
        for (const { offset, ...rest } of command.judged) this.#once(this.judged, offset, JSON.stringify(rest))
      else this.#todo.push(command)
    }
  }

  clock(ms: number): void {
    this.now += ms
    this.tell({ kind: 'clock', now: this.now })
  }

  /** Executes one command that is under way. @returns false: there is none */
  async step(): Promise<boolean> {
    this.#wakeReaders()
    if (this.#todo.length === 0 || this.isStopped) return false
    // What goes to the store keeps its order; everything else may overtake.
    const isStoring = ({ kind }: OwnerCommand): boolean => kind === 'stage' || kind === 'commit'
    let index = this.#random.integer(0, this.#todo.length - 1)
    if (isStoring(this.#todo[index])) index = this.#todo.findIndex(isStoring)
    const [command] = this.#todo.splice(index, 1)
    if (command.kind === 'read' && command.waits && command.from > this.records.length) {
      this.#reading.push(command)
      return true
    }
    const answer = await this.#perform(command)
    // The answer of a write was lost: it is sent again.
    if (isStoring(command) && this.#random.chance(0.1)) this.tell((await this.#perform(command)) as OwnerInput)
    else if (answer !== undefined) this.tell(answer)
    return true
  }

  /** Until nothing is left to do but to wait. */
  async settle(): Promise<void> {
    for (let steps = 0; steps < 1_000_000; steps++) {
      if (await this.step()) continue
      if (this.owner.position === this.owner.committedPosition && this.owner.outboxLength === 0) return
      this.clock(100)
    }
    throw new Error('the owner does not come to rest')
  }

  #wakeReaders(): void {
    const awake = this.#reading.filter(({ from }) => from <= this.records.length)
    this.#reading = this.#reading.filter(({ from }) => from > this.records.length)
    this.#todo.push(...awake)
  }

  async #perform(command: OwnerCommand): Promise<OwnerInput | undefined> {
    const { store } = this
    switch (command.kind) {
      case 'append':
        return {
          kind: 'appended',
          record: command.record.kind,
          offset: this.append(command.record.kind, command.record.body),
        }
      case 'claim':
        return { kind: 'claimed', result: await store.claim(0, command.epoch) }
      case 'bounds':
        return { kind: 'bounds', first: 1, next: this.records.length + 1 }
      case 'read':
        return { kind: 'records', block: this.#read(command.from) }
      case 'marked':
        return { kind: 'marked', ...(await store.marked(0, command.generation)) }
      case 'load':
        return { kind: 'loaded', ...(await store.load(0, command.generation, command.names)) }
      case 'outbox':
        return { kind: 'outbox', ...(await store.outbox(0)) }
      case 'stage':
        return { kind: 'staged', result: await store.stage(command.stage) }
      case 'commit':
        return { kind: 'committed', result: await store.commit(command.commit) }
      case 'offer':
        for (const { number, bytes } of command.entries)
          this.#once(this.delivered, number, Buffer.from(bytes).toString())
        return { kind: 'offered', upTo: command.entries[command.entries.length - 1].number }
      case 'later':
        return { kind: 'later' }
      default:
        return undefined
    }
  }

  #once<K>(told: Map<K, string>, key: K, text: string): void {
    const before = told.get(key)
    if (before !== undefined && before !== text) throw new Error(`${String(key)} was\n${before}\nand is\n${text}`)
    told.set(key, text)
  }

  #read(from: number): LogBlock {
    const length = Math.min(this.records.length - from + 1, this.#random.integer(1, 40))
    const records = this.records.slice(from - 1, from - 1 + length)
    const ends: number[] = []
    let end = 0
    for (const { body } of records) {
      end += body.length
      ends.push(end)
    }
    return {
      length: records.length,
      offsets: records.map((_, i) => from + i),
      kinds: records.map(({ kind }) => recordKinds.indexOf(kind)),
      receivedAt: records.map(({ receivedAt }) => receivedAt),
      traceparents: records.map(() => ''),
      bytes: Buffer.concat(records.map(({ body }) => body)),
      starts: records.map((_, i) => (i === 0 ? 0 : ends[i - 1])),
      ends,
    }
  }

  /** Digest of all that was told, to compare two worlds. */
  get toldDigest(): number {
    const bytes = Buffer.from(JSON.stringify([...this.delivered.values()]))
    return checksum32(bytes, 0, bytes.length)
  }
}
