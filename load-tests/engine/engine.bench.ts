// What the engine does on one core.
//
//   node load-tests/engine/engine.bench.ts [--quick] [--only throughput,rules,memory,pauses,late,beyond]
//     [--accounts N --memory MIB --warm N] [--json]
//
// Every trial runs in a process of its own (nearly all in one for `--quick`), one after the other; each says in its own file what it measures
// and leaves out: throughput.ts (also `rules`: a hundred rules beside ten), memory.ts, pauses.ts, late-events.ts, beyond-memory.ts.
// `--quick` shows in seconds that all of it works; its figures mean nothing. `--accounts` and the like change `beyond`, which in full
// takes, by estimate, 12 GB of memory, 10 GB below the temporary folder and half an hour. `--json` writes the figures for compare.ts.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { type Figure, figureTable } from './figure.ts'
import { type BenchmarkName, beyond, beyondFull, plans } from './plans.ts'
import { runTrial, type Trial } from './trials.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    accounts: { type: 'string', default: String(beyondFull.accounts) },
    memory: { type: 'string', default: String(beyondFull.memoryBytesMax / 2 ** 20) },
    warm: { type: 'string', default: String(beyondFull.warmEvents) },
    json: { type: 'boolean', default: false },
  },
})

const benchmarks = values.quick ? plans.quick : { ...plans.full, beyond: beyond(beyondSize()) }
const names = (values.only?.split(',') ?? Object.keys(benchmarks)) as BenchmarkName[]
const all: Figure[] = []
for (const name of names) {
  const benchmark = benchmarks[name]
  if (benchmark === undefined) throw new Error(`there is no benchmark "${name}"`)
  const found: Figure[] = []
  for (const trial of benchmark.trials) for (const figure of await run(trial)) add(found, figure)
  const derived = benchmark.derive?.(found) ?? []
  found.push(...(values.quick ? withoutGoals(derived) : derived))
  if (!values.json) console.log(`${name}\n${figureTable(found)}\n`)
  for (const figure of found) add(all, figure)
}
if (values.json) console.log(JSON.stringify(all))

function beyondSize(): typeof beyondFull {
  const { accounts, memory, warm } = values
  return {
    ...beyondFull,
    accounts: Number(accounts),
    memoryBytesMax: Number(memory) * 2 ** 20,
    warmEvents: Number(warm),
  }
}

async function run(trial: Trial): Promise<readonly Figure[]> {
  // A process takes a second to start, which only measuring memory is worth then.
  if (values.quick && trial.kind !== 'memory') return withoutGoals(await runTrial(trial))
  const script = fileURLToPath(new URL('run-trial.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, script, JSON.stringify(trial)], {
    maxBuffer: 2 ** 24,
  })
  return values.quick ? withoutGoals(JSON.parse(stdout)) : JSON.parse(stdout)
}

function withoutGoals(figures: readonly Figure[]): readonly Figure[] {
  return figures.map(({ name, unit, values }) => ({ name, unit, values }))
}

/** A trial that ran again adds its rounds. */
function add(figures: Figure[], figure: Figure): void {
  const index = figures.findIndex(({ name }) => name === figure.name)
  if (index < 0) figures.push(figure)
  else figures[index] = { ...figure, values: [...figures[index].values, ...figure.values] }
}
