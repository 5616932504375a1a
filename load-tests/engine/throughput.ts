import type { Codec } from '#shared/wire/codec'
import { JsonCodec } from '#shared/wire/json-codec'
import { ScanCodec } from '#shared/wire/scan-codec'
import { BenchEngine } from './bench-engine.ts'
import { atLeast, atMost, type Figure } from './figure.ts'
import { Payments, type Rows, rowBytesMax, scattered } from './payments.ts'
import { type RuleSetName, ruleFiles, ruleSetOf } from './rule-sets.ts'

export interface ThroughputSize {
  readonly rules: RuleSetName
  readonly accounts: number
  /** Payments of each account before anything is measured. */
  readonly eventsEach: number
  readonly rounds: number
  readonly eventsPerRound: number
}

/**
 * Events a second on one core, from JSON bytes in memory to alerts, beside a loop that only parses the same rows. Every account has had a
 * payment before; then they come evenly, which is the worst for the caches.
 *
 * Time is that of the processor, of all threads: other work on the machine counts less, the garbage collector's helpers count in full.
 */
export async function measureThroughput(size: ThroughputSize): Promise<readonly Figure[]> {
  const { rules, accounts, eventsEach, rounds, eventsPerRound } = size
  const ruleSet = ruleSetOf(await ruleFiles(rules))
  const bench = new BenchEngine(ruleSet, { batchRows })
  const payments = new Payments({
    seed: 1,
    stepMs: (30 * 86_400_000) / (accounts * Math.max(eventsEach, eventsMeant)),
    ids: 'numbered',
    account: (i, random) => (i < accounts ? scattered(i, accounts) : random.integer(0, accounts - 1)),
  })
  bench.fill(payments, accounts * eventsEach)
  bench.alerts = 0

  const buffer = Buffer.allocUnsafeSlow(eventsPerRound * rowBytesMax)
  const ways = [
    { name: 'JSON.parse', codec: new JsonCodec(ruleSet.events), goal: 300_000, goalRatio: 3.5 },
    { name: 'scanner', codec: new ScanCodec(ruleSet.events), goal: 450_000, goalRatio: undefined },
  ].map((way) => ({ ...way, plainNs: [] as number[], decodeNs: [] as number[], applyNs: [] as number[] }))
  for (let round = 0; round <= rounds; round++)
    for (const way of ways) {
      const rows = payments.rows(eventsPerRound, buffer)
      const plainNs = parseAll(rows)
      const { decodeNs, applyNs } = runAll(rows, way.codec, bench)
      if (round === 0) continue // to warm up
      way.plainNs.push(plainNs)
      way.decodeNs.push(decodeNs)
      way.applyNs.push(applyNs)
    }

  const isTen = rules === 'ten'
  const applied = eventsPerRound * (rounds + 1) * ways.length
  return [
    ...ways.flatMap(({ name, goal, goalRatio, plainNs, decodeNs, applyNs }): Figure[] => {
      const wholeNs = decodeNs.map((ns, i) => ns + applyNs[i])
      const title = `${rules} rules, ${name}`
      return [
        {
          name: `${title}: whole`,
          unit: 'events/s',
          values: wholeNs.map((ns) => 1e9 / ns),
          ...(isTen ? { goal: atLeast(goal) } : {}),
        },
        {
          name: `${title}: beside a plain JSON.parse loop`,
          unit: 'times its time',
          values: wholeNs.map((ns, i) => ns / plainNs[i]),
          ...(isTen && goalRatio !== undefined ? { goal: atMost(goalRatio) } : {}),
        },
        { name: `${title}: decoding`, unit: 'ns an event', values: decodeNs },
        { name: `${title}: engine`, unit: 'ns an event', values: applyNs },
      ]
    }),
    {
      name: `${rules} rules: plain JSON.parse loop`,
      unit: 'ns an event',
      values: ways.flatMap(({ plainNs }) => plainNs),
    },
    { name: `${rules} rules: alerts`, unit: '% of events', values: [(100 * bench.alerts) / applied] },
    {
      name: `${rules} rules: state`,
      unit: 'bytes an account',
      values: [(bench.arena.usedWords * 4) / bench.engine.actors],
    },
  ]
}

/** @returns ns of processor a row */
function parseAll({ bytes, starts, ends, length }: Rows): number {
  const before = process.cpuUsage()
  let touched = 0
  for (let i = 0; i < length; i++) touched += JSON.parse(bytes.toString('latin1', starts[i], ends[i])).amount
  if (touched === 0) throw new Error('no row has an amount')
  return cpuNs(before) / length
}

/** @returns ns of processor a row */
function runAll(rows: Rows, codec: Codec, bench: BenchEngine): { decodeNs: number; applyNs: number } {
  const { batch } = bench
  let [decodeMs, applyMs] = [0, 0]
  const before = process.cpuUsage()
  for (let from = 0; from < rows.length; from += batchRows) {
    const to = Math.min(rows.length, from + batchRows)
    batch.clear()
    const decoding = performance.now()
    for (let i = from; i < to; i++)
      if (codec.decode(rows.bytes, rows.starts[i], rows.ends[i], batch, i + 1) !== undefined)
        throw new Error(`row ${i} is no event`)
    const applying = performance.now()
    bench.apply()
    decodeMs += applying - decoding
    applyMs += performance.now() - applying
  }
  // Asking for the processor's time of each batch would cost too much: its parts are in proportion to those of the clock.
  const wholeNs = cpuNs(before) / rows.length
  const decodeShare = decodeMs / (decodeMs + applyMs)
  return { decodeNs: wholeNs * decodeShare, applyNs: wholeNs * (1 - decodeShare) }
}

function cpuNs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1e3
}

/** As many as the owner of a partition applies in one go. */
const batchRows = 256
/** Payments of an account in 30 days. */
const eventsMeant = 20
