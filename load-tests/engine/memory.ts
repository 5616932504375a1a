import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BenchEngine } from './bench-engine.ts'
import { atMost, type Figure } from './figure.ts'
import { Payments, type PaymentsOptions, scattered } from './payments.ts'
import { ruleFiles, ruleSetOf } from './rule-sets.ts'

export interface MemorySize {
  readonly accounts: number
  readonly eventsEach: number
  readonly ids: PaymentsOptions['ids']
}

/**
 * What an account takes when all its payments lie within 30 days: the arena's blocks in use, the JavaScript heap after a collection, and
 * what lies outside of it; and the growth of the resident set, which also holds freed blocks and what the collector has not given back.
 * Every account gets one payment after the other, in turn, so that all grow together, the worst for blocks outgrown.
 */
export async function measureMemory({ accounts, eventsEach, ids }: MemorySize): Promise<readonly Figure[]> {
  const ruleSet = ruleSetOf(await ruleFiles('ten'))
  const payments = new Payments({
    seed: 2,
    stepMs: (30 * 86_400_000) / (accounts * eventsEach),
    ids,
    account: (i) => scattered(i, accounts),
  })
  const before = await settledMemory()
  const bench = new BenchEngine(ruleSet)
  bench.fill(payments, accounts * eventsEach)
  const after = await settledMemory()

  const perAccount = (bytes: number): number[] => [bytes / accounts]
  const { arena } = bench
  // The arena reserves its bound at once; of that, only blocks in use count, with the byte that it keeps for each 64.
  const reserved = arena.F.byteLength + arena.F.byteLength / 64
  const blocks = arena.usedWords * 4 * (1 + 1 / 64)
  const heap = after.heapUsed - before.heapUsed
  const external = after.external - before.external - reserved
  const title = `${eventsEach} payments with ${ids === 'uuid' ? '36-byte' : 'numbered'} ids`
  return [
    {
      name: `${title}: all`,
      unit: 'bytes an account',
      values: perAccount(blocks + heap + external),
      goal: atMost(2_000),
    },
    { name: `${title}: blocks of the arena`, unit: 'bytes an account', values: perAccount(blocks) },
    { name: `${title}: JavaScript heap`, unit: 'bytes an account', values: perAccount(heap) },
    { name: `${title}: outside of it`, unit: 'bytes an account', values: perAccount(external) },
    { name: `${title}: resident`, unit: 'bytes an account', values: perAccount(after.rss - before.rss) },
  ]
}

async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  // What is freed late is gone after the second.
  for (let i = 0; i < 2; i++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage()
}

function collect(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
