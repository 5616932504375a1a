import { atLeast, atMost, type Figure, median } from './figure.ts'
import type { Trial } from './trials.ts'

/** Trials whose figures belong together, and what follows from several of them. */
export interface Benchmark {
  readonly trials: readonly Trial[]
  readonly derive?: (figures: readonly Figure[]) => readonly Figure[]
}

export type BenchmarkName = 'throughput' | 'rules' | 'memory' | 'pauses' | 'late' | 'beyond'

/** Ten million accounts, of which a fraction fits into memory. */
export const beyondFull: Sizes<'beyond-memory'> = {
  accounts: 10_000_000,
  memoryBytesMax: 4 * 2 ** 30,
  warmEvents: 2_000_000,
  eventsPerRound: 500_000,
  rounds: 5,
}

/** By size: `quick` shows in seconds that all of it works; its figures mean nothing. */
export const plans: Readonly<Record<'quick' | 'full', Readonly<Record<BenchmarkName, Benchmark>>>> = {
  quick: {
    throughput: throughput({ accounts: 2_000, eventsEach: 1, rounds: 1, eventsPerRound: 2_000 }),
    rules: rules({ accounts: 1_000, eventsEach: 1, rounds: 1, eventsPerRound: 1_000 }, 1),
    memory: memory({ accounts: 500, eventsEach: 20 }),
    pauses: { trials: [{ kind: 'pauses', size: { accounts: 2_000, events: 4_000, rounds: 1 } }] },
    late: { trials: [{ kind: 'late-events', size: { accounts: 1, rounds: 1 } }] },
    beyond: beyond({ accounts: 12_000, memoryBytesMax: 2_000_000, warmEvents: 0, eventsPerRound: 1_000, rounds: 1 }),
  },
  full: {
    throughput: throughput({ accounts: 1_000_000, eventsEach: 1, rounds: 7, eventsPerRound: 200_000 }),
    rules: rules({ accounts: 1_000_000, eventsEach: 1, rounds: 5, eventsPerRound: 200_000 }, 2),
    memory: memory({ accounts: 1_000_000, eventsEach: 20 }),
    pauses: { trials: [{ kind: 'pauses', size: { accounts: 1_000_000, events: 1_000_000, rounds: 3 } }] },
    late: { trials: [{ kind: 'late-events', size: { accounts: 500, rounds: 3 } }] },
    beyond: beyond(beyondFull),
  },
}

type Sizes<Kind extends Trial['kind']> = Extract<Trial, { kind: Kind }>['size']

function throughput(size: Omit<Sizes<'throughput'>, 'rules'>): Benchmark {
  return { trials: [{ kind: 'throughput', size: { ...size, rules: 'ten' } }] }
}

/** The two in turn, as the machine may not be the same a minute later. */
function rules(size: Omit<Sizes<'throughput'>, 'rules'>, turns: number): Benchmark {
  const trial = (name: 'ten' | 'hundred'): Trial => ({ kind: 'throughput', size: { ...size, rules: name } })
  const ratio = (figures: readonly Figure[], part: string): readonly number[] => {
    const ten = valuesOf(figures, `ten rules, ${part}`)
    return valuesOf(figures, `hundred rules, ${part}`).map((value, i) => value / ten[i])
  }
  return {
    trials: Array.from({ length: turns }, () => [trial('ten'), trial('hundred')]).flat(),
    derive: (figures) =>
      ['JSON.parse', 'scanner'].flatMap((way): Figure[] => [
        {
          name: `a hundred rules beside ten, ${way}: whole`,
          unit: 'times the time',
          values: ratio(figures, `${way}: whole`).map((rate) => 1 / rate),
          goal: atMost(2),
        },
        {
          name: `a hundred rules beside ten, ${way}: engine`,
          unit: 'times the time',
          values: ratio(figures, `${way}: engine`),
        },
      ]),
  }
}

function memory(size: Omit<Sizes<'memory'>, 'ids'>): Benchmark {
  return { trials: (['numbered', 'uuid'] as const).map((ids) => ({ kind: 'memory', size: { ...size, ids } })) }
}

/** All accounts, and a tenth of them, under the same bound. */
export function beyond(size: Sizes<'beyond-memory'>): Benchmark {
  const few = size.accounts / 10
  const name = (accounts: number): string => `${accounts.toLocaleString('en')} accounts: committed`
  return {
    trials: [few, size.accounts].map((accounts) => ({ kind: 'beyond-memory', size: { ...size, accounts } })),
    derive: (figures) => [
      {
        name: `${name(size.accounts)} beside a tenth of the accounts`,
        unit: 'of its rate',
        values: [median(valuesOf(figures, name(size.accounts))) / median(valuesOf(figures, name(few)))],
        goal: atLeast(0.5),
      },
    ],
  }
}

function valuesOf(figures: readonly Figure[], name: string): readonly number[] {
  const found = figures.find((figure) => figure.name === name)
  if (found === undefined) throw new Error(`nothing measured "${name}"`)
  return found.values
}
