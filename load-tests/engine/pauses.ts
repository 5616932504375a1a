import { PerformanceObserver } from 'node:perf_hooks'
import { prefetchMax } from '#shared/actor/population'
import { JsonCodec } from '#shared/wire/json-codec'
import { BenchEngine } from './bench-engine.ts'
import { atMost, type Figure } from './figure.ts'
import { Payments, type PaymentsOptions, type Rows, rowBytesMax, scattered } from './payments.ts'
import { ruleFiles, ruleSetOf } from './rule-sets.ts'

export interface PausesSize {
  /** Accounts that appear one after the other. */
  readonly accounts: number
  /** Payments of the streams with a hot account. */
  readonly events: number
  readonly rounds: number
}

interface PauseStream {
  readonly name: string
  readonly events: number
  readonly account: PaymentsOptions['account']
}

/**
 * The longest time that nothing else can happen: in one batch of 64 events, and in one collection of garbage while rows are decoded by
 * JSON.parse and applied. A batch takes what the clock says, or the processor's time of its thread where that is less: then other work had the
 * core (the processor's time alone can be wrong by one tick of the system's, 4 ms). A collection is timed by the clock alone, so look at its
 * lowest round where others use the machine. Pauses while rows are generated are not counted. The rules are those that a hot account does not
 * hit all the time.
 */
export async function measurePauses({ accounts, events, rounds }: PausesSize): Promise<readonly Figure[]> {
  const others = Math.min(accounts, 100_000)
  const streams: readonly PauseStream[] = [
    { name: 'new accounts', events: accounts, account: (i) => scattered(i, accounts) },
    {
      name: 'one account with half of the traffic',
      events,
      account: (_, random) => (random.chance(0.5) ? 0 : random.integer(1, others)),
    },
    { name: `one account with ${events.toLocaleString('en')} payments in 30 days`, events, account: () => 0 },
  ]
  // What is compiled at the start stands still once, not with each load.
  await pausesOf({ name: 'to warm up', events: 20_000, account: (_, random) => random.integer(0, 999) })
  const figures: Figure[] = []
  for (const stream of streams) {
    const pauses: Pauses[] = []
    for (let round = 0; round < rounds; round++) pauses.push(await pausesOf(stream))
    figures.push(...pauseFigures(stream.name, pauses))
  }
  return figures
}

interface Pauses {
  readonly batchMs: number
  readonly collectionMs: number
  /** Events that could not stay in an account's windows. */
  readonly truncated: number
}

function pauseFigures(name: string, pauses: readonly Pauses[]): readonly Figure[] {
  const [{ truncated }] = pauses
  return [
    { name: `${name}: longest batch`, unit: 'ms', values: pauses.map(({ batchMs }) => batchMs), goal: atMost(10) },
    {
      name: `${name}: longest collection`,
      unit: 'ms',
      values: pauses.map(({ collectionMs }) => collectionMs),
      goal: atMost(10),
    },
    ...(truncated === 0
      ? []
      : [{ name: `${name}: beyond the bound of a history`, unit: 'events', values: [truncated] }]),
  ]
}

async function pausesOf({ events, account }: PauseStream): Promise<Pauses> {
  const bench = new BenchEngine(ruleSetOf(await ruleFiles('ten-unmoved')))
  const codec = new JsonCodec(bench.batch.schema)
  const payments = new Payments({ seed: 3, stepMs: (30 * 86_400_000) / events, ids: 'numbered', account })
  const buffer = Buffer.allocUnsafeSlow(rowsAtOnce * rowBytesMax)
  const collections = new Collections()
  let batchMs = 0
  for (let done = 0; done < events; done += rowsAtOnce) {
    const rows = payments.rows(Math.min(rowsAtOnce, events - done), buffer)
    const from = performance.now()
    for (let row = 0; row < rows.length; row += prefetchMax)
      batchMs = Math.max(batchMs, timeBatch(bench, codec, rows, row))
    await collections.count(from, performance.now())
  }
  collections.stop()
  return { batchMs, collectionMs: collections.longestMs, truncated: bench.engine.truncatedRecords }
}

/** @returns ms */
function timeBatch(bench: BenchEngine, codec: JsonCodec, rows: Rows, from: number): number {
  const { batch } = bench
  batch.clear()
  for (let i = from; i < Math.min(rows.length, from + prefetchMax); i++)
    codec.decode(rows.bytes, rows.starts[i], rows.ends[i], batch, i + 1)
  const cpu = process.threadCpuUsage()
  const wall = performance.now()
  bench.apply()
  const wallMs = performance.now() - wall
  const { user, system } = process.threadCpuUsage(cpu)
  return Math.min(wallMs, (user + system) / 1e3)
}

/** Collections of garbage, as the engine of JavaScript reports them. */
class Collections {
  longestMs = 0
  readonly #observer: PerformanceObserver

  constructor() {
    this.#observer = new PerformanceObserver(() => {})
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** Counts those that began between two instants; the reports come a turn later. */
  async count(from: number, to: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    for (const { startTime, duration } of this.#observer.takeRecords())
      if (startTime >= from && startTime < to) this.longestMs = Math.max(this.longestMs, duration)
  }

  stop(): void {
    this.#observer.disconnect()
  }
}

const rowsAtOnce = 16_384
