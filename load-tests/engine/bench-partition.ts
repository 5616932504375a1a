import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { limits } from '#shared/domain/limits'
import type { OwnerCommand, OwnerInput } from '#shared/protocol/owner-io'
import { PartitionOwner } from '#shared/protocol/partition-owner'
import { SqliteCheckpointStore } from '#shared/store/checkpoint-store-sqlite'
import { sha256Hex } from '../../services/cli/sha256.ts'
import { OutboxWriter } from '../../services/detector/outbox-entry.ts'
import { relaxedCodec } from '../../services/detector/relaxed-codec.ts'
import type { Rows } from './payments.ts'
import { RowLog } from './row-log.ts'

/**
 * The real owner of a partition with checkpoints in SQLite, and a log that is fed. What it wants done is done as in the service, without
 * trying again, so that commits can be compared whose services differ; what it finds counts as delivered at once.
 */
export class BenchPartition {
  readonly owner: PartitionOwner
  /** Actors that were asked for from the store. */
  loaded = 0
  readonly #log = new RowLog()
  readonly #store: SqliteCheckpointStore
  readonly #folder: string
  readonly #abort = new AbortController()
  #stores: Promise<void> = Promise.resolve()
  #clock: NodeJS.Timeout | undefined
  #failure: unknown
  #hasStopped = false

  constructor(folder: string, files: ReadonlyMap<string, string>, memoryBytesMax: number) {
    this.#folder = folder
    this.#store = new SqliteCheckpointStore(folder)
    this.owner = new PartitionOwner({
      partition: 0,
      name: 'benchmark',
      ruleFiles: files,
      newHashKey: 1,
      latenessMs: limits.latenessMsDefault,
      tenant: 'bench',
      memoryBytesMax,
      sha256Hex,
      decoderOf: relaxedCodec,
      entries: new OutboxWriter(),
    })
  }

  async start(): Promise<void> {
    this.#clock = setInterval(() => this.#tell({ kind: 'clock', now: Date.now() }), clockMs)
    this.#tell({ kind: 'start' })
    await this.#until(() => this.owner.isReady)
  }

  /** Resolves once all rows are applied and committed. */
  async take(rows: Rows): Promise<void> {
    const last = this.#log.feed(rows)
    await this.#until(() => this.owner.committedPosition >= last)
  }

  /** Also after a failure; what was not committed is lost. */
  async stop(): Promise<void> {
    clearInterval(this.#clock)
    if (this.#failure === undefined) this.#tell({ kind: 'stop' })
    while (!this.#hasStopped && this.#failure === undefined) await sleep(pollMs)
    this.#abort.abort()
    await this.#store.close()
  }

  async fileMiB(): Promise<number> {
    const sizes = await Promise.all(['', '-wal'].map((end) => stat(join(this.#folder, `checkpoints.db${end}`))))
    return sizes.reduce((sum, { size }) => sum + size, 0) / 2 ** 20
  }

  /** Rejects where the partition has failed. */
  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (this.#failure !== undefined) throw new Error('the partition has failed', { cause: this.#failure })
      await sleep(pollMs)
    }
  }

  #tell(input: OwnerInput): void {
    for (const command of this.owner.handle(input)) this.#execute(command)
  }

  #execute(command: OwnerCommand): void {
    switch (command.kind) {
      case 'stage':
      case 'commit':
        // One after the other, in order.
        this.#stores = this.#stores.then(() => this.#answer(command))
        return
      case 'later':
        setImmediate(() => this.#tell({ kind: 'later' }))
        return
      case 'stopped':
        this.#hasStopped = true
        return
      case 'halt':
        this.#failure = command.failure
        return
      default:
        void this.#answer(command)
    }
  }

  async #answer(command: OwnerCommand): Promise<void> {
    try {
      const input = await this.#perform(command)
      if (input !== undefined) this.#tell(input)
    } catch (error) {
      this.#failure = error
    }
  }

  async #perform(command: OwnerCommand): Promise<OwnerInput | undefined> {
    const store = this.#store
    const log = this.#log
    switch (command.kind) {
      case 'append': {
        const { kind, body } = command.record
        return { kind: 'appended', record: kind, offset: log.append(kind, body) }
      }
      case 'claim':
        return { kind: 'claimed', result: await store.claim(0, command.epoch) }
      case 'bounds':
        return { kind: 'bounds', ...log.bounds }
      case 'read': {
        if (command.waits) await log.waitFor(command.from, this.#abort.signal)
        return { kind: 'records', block: log.read(command.from, command.bytesMax) }
      }
      case 'marked':
        return { kind: 'marked', ...(await store.marked(0, command.generation)) }
      case 'load':
        this.loaded += command.names.length
        return { kind: 'loaded', ...(await store.load(0, command.generation, command.names)) }
      case 'outbox':
        return { kind: 'outbox', ...(await store.outbox(0)) }
      case 'stage':
        return { kind: 'staged', result: await store.stage(command.stage) }
      case 'commit':
        return { kind: 'committed', result: await store.commit(command.commit) }
      case 'offer':
        return { kind: 'offered', upTo: command.entries[command.entries.length - 1].number }
      default:
        return undefined
    }
  }
}

/** As in the service. */
const clockMs = 100
const pollMs = 5
