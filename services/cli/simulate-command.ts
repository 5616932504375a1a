import { reportOf } from '#shared/simulator/report'
import { shrink } from '#shared/simulator/shrink'
import { Simulator } from '#shared/simulator/simulate'
import { type Command, readFlags, wholeNumber } from './command.ts'
import { exitCodes, NotStarted } from './failure.ts'
import { Progress } from './progress.ts'

export const simulateCommand: Command = {
  name: 'simulate',
  summary: 'run the owner of a partition in a simulated world where much goes wrong',
  help: `Usage: vigil simulate --seed N [--seeds COUNT]

The seed makes a bank, a log, stores and detectors, and what goes wrong with them: crashes, pauses, lost
and repeated messages, two owners at once, a store that goes back, a log that loses its newest records.
Each seed runs twice and must do the same both times. One line says how it went. The first seed that
breaks an invariant ends the run with exit code 1: shown are what went wrong, and the shortest run that
was found to break the same invariant.

  --seed N        the seed, or the first of several
  --seeds COUNT   that many seeds, one after the other; default 1

Examples:
  vigil simulate --seed 42
  vigil simulate --seed 1 --seeds 1000`,
  run,
}

async function run(args: readonly string[]): Promise<number> {
  const flags = { seed: { type: 'string' }, seeds: { type: 'string', default: '1' } } as const
  const { values } = readFlags(args, flags, { min: 0, max: 0, what: 'nothing' })
  if (values.seed === undefined) throw new NotStarted('--seed is missing')
  const first = wholeNumber('seed', values.seed, 0, seedMax)
  const count = wholeNumber('seeds', values.seeds, 1, seedMax)
  const simulator = new Simulator()
  const progress = new Progress()
  const totals = { faults: 0, records: 0, commits: 0, entries: 0 }
  for (let seed = first; seed < first + count; seed++) {
    const checked = simulator.check(seed)
    if (checked.broken !== undefined) {
      progress.clear()
      process.stdout.write(`${reportOf(checked, shrink(simulator, checked))}\n`)
      return exitCodes.foundWrong
    }
    const { records, commits, entries } = checked.counts
    totals.faults += checked.faults.length
    totals.records += records
    totals.commits += commits
    totals.entries += entries
    progress.show('simulating', seed - first, count)
    // A signal must have its turn.
    if (count > 1) await new Promise((resolve) => setImmediate(resolve))
  }
  progress.clear()
  const seeds = count === 1 ? `seed ${first}` : `seeds ${first} to ${first + count - 1}`
  const { faults, records, commits, entries } = totals
  process.stdout.write(
    `${seeds}: all invariants hold; ${faults} faults, ${records} records, ${commits} commits, ${entries} alerts and decisions\n`,
  )
  return exitCodes.done
}

const seedMax = 2 ** 48
