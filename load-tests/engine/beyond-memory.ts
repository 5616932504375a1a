import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BenchPartition } from './bench-partition.ts'
import type { Figure } from './figure.ts'
import { Payments, rowBytesMax, scattered } from './payments.ts'
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

const rowsAtOnce = 65_536
/** Payments of an account in 30 days. */
const eventsMeant = 20
