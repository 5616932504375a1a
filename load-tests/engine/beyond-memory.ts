import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { limits } from '#shared/domain/limits'
import { PartitionOwner } from '#shared/protocol/partition-owner'
import type { CheckpointStore } from '#shared/store/checkpoint-store'
import { SqliteCheckpointStore } from '#shared/store/checkpoint-store-sqlite'
import { sha256Hex } from '../../services/cli/sha256.ts'
import { LocalOwner } from '../../services/detector/local-owner.ts'
import { PartitionLoop } from '../../services/detector/loop.ts'
import { OutboxWriter } from '../../services/detector/outbox-entry.ts'
import { relaxedCodec } from '../../services/detector/relaxed-codec.ts'
import type { Figure } from './figure.ts'
import { Payments, type Rows, rowBytesMax, scattered } from './payments.ts'
import { RowLog } from './row-log.ts'
import { ruleFiles } from './rule-sets.ts'
import { Zipf } from './zipf.ts'

export interface BeyondMemorySize {
  readonly accounts: number
  /** Bound on the state of accounts in memory. */
  readonly memoryBytesMax: number
  /** Payments by Zipf before anything is measured, so that the busy accounts are those in memory; and in each round. */
  readonly warmEvents: number
  readonly eventsPerRound: number
  readonly rounds: number
}

/**
 * Events a second of a partition's owner with checkpoints in SQLite, where accounts leave memory and come back. Each account has had a
 * payment; then they come by Zipf's law with exponent 1, the ranks scattered over the accounts. From rows in memory to the commit that
 * holds them. Left out: the log, delivery of what is found.
 *
 * A round is timed by the clock, as the store has a thread of its own, and by the processor's time of all threads.
 */
export async function measureBeyondMemory(size: BeyondMemorySize): Promise<readonly Figure[]> {
  const { accounts, warmEvents, eventsPerRound, rounds } = size
  const folder = await mkdtemp(join(tmpdir(), 'vigil-bench-'))
  const partition = new BenchPartition(folder, await ruleFiles('ten'), size.memoryBytesMax)
  try {
    await partition.start()
    const zipf = new Zipf(accounts)
    const payments = new Payments({
      seed: 4,
      stepMs: (30 * 86_400_000) / (accounts * eventsMeant),
      ids: 'numbered',
      account: (i, random) => scattered(i < accounts ? i : zipf.draw(random), accounts),
    })
    const buffer = Buffer.allocUnsafeSlow(Math.max(rowsAtOnce, eventsPerRound) * rowBytesMax)
    for (let left = accounts + warmEvents; left > 0; left -= rowsAtOnce)
      await partition.take(payments.rows(Math.min(left, rowsAtOnce), buffer))
    const wallNs: number[] = []
    const cpuNs: number[] = []
    partition.loaded = 0
    for (let round = 0; round < rounds; round++) {
      const rows = payments.rows(eventsPerRound, buffer)
      const cpu = process.cpuUsage()
      const startedAt = performance.now()
      await partition.take(rows)
      wallNs.push(((performance.now() - startedAt) * 1e6) / eventsPerRound)
      const { user, system } = process.cpuUsage(cpu)
      cpuNs.push(((user + system) * 1e3) / eventsPerRound)
    }
    const { actors, stateBytes } = partition.owner
    const title = `${accounts.toLocaleString('en')} accounts`
    const one = (name: string, unit: string, value: number): Figure => ({
      name: `${title}: ${name}`,
      unit,
      values: [value],
    })
    return [
      { name: `${title}: committed`, unit: 'events/s', values: wallNs.map((ns) => 1e9 / ns) },
      { name: `${title}: processor`, unit: 'ns an event', values: cpuNs },
      one('in memory', 'accounts', actors),
      one('state in memory', 'MiB', stateBytes / 2 ** 20),
      one('brought back', '% of events', (100 * partition.loaded) / (eventsPerRound * rounds)),
      one('resident', 'MiB', process.memoryUsage().rss / 2 ** 20),
      one('checkpoints on disk', 'MiB', await partition.fileMiB()),
    ]
  } finally {
    await partition.stop()
    await rm(folder, { recursive: true })
  }
}

/** The real owner, loop and store of one partition, with a log that is fed. */
class BenchPartition {
  readonly owner: PartitionOwner
  /** Actors that were asked for from the store. */
  loaded = 0
  readonly #log = new RowLog()
  readonly #loop: PartitionLoop
  readonly #store: SqliteCheckpointStore
  readonly #folder: string
  #failure: unknown

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
    this.#loop = new PartitionLoop({
      partition: 0,
      owner: new LocalOwner(this.owner),
      log: this.#log,
      checkpoints: this.#countingStore(),
      deliver: async () => {},
      onJudged: () => {},
      onFailure: (failure) => {
        this.#failure = failure
      },
      onMistake: (error) => {
        this.#failure = error
      },
    })
  }

  async start(): Promise<void> {
    this.#loop.start()
    await this.#until(() => this.owner.isReady)
  }

  /** Resolves once all rows are applied and committed. */
  async take(rows: Rows): Promise<void> {
    const drained = this.#log.feed(rows)
    let isDrained = false
    void drained.then(() => {
      isDrained = true
    })
    const last = this.#log.next - 1
    await this.#until(() => isDrained && this.owner.committedPosition >= last)
  }

  async stop(): Promise<void> {
    await this.#loop.stop(60_000)
    await this.#store.close()
  }

  async fileMiB(): Promise<number> {
    const sizes = await Promise.all(['', '-wal'].map((end) => stat(join(this.#folder, `checkpoints.db${end}`))))
    return sizes.reduce((sum, { size }) => sum + size, 0) / 2 ** 20
  }

  /** Rejects where the partition has failed. */
  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (this.#failure !== undefined)
        throw new Error(`the partition failed: ${JSON.stringify(this.#failure)}`, { cause: this.#failure })
      await sleep(5)
    }
  }

  #countingStore(): CheckpointStore {
    const store = this.#store
    return {
      claim: (...ask) => store.claim(...ask),
      stage: (...ask) => store.stage(...ask),
      commit: (...ask) => store.commit(...ask),
      load: (partition, generation, names) => {
        this.loaded += names.length
        return store.load(partition, generation, names)
      },
      marked: (...ask) => store.marked(...ask),
      outbox: (...ask) => store.outbox(...ask),
      close: () => store.close(),
    }
  }
}

const rowsAtOnce = 65_536
/** Payments of an account in 30 days. */
const eventsMeant = 20
