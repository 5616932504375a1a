// What two commits differ in: the benchmarks of the engine as they are here, on the code of each commit.
//
//   node load-tests/engine/compare.ts COMMIT COMMIT [--rounds 5] [--full] [--only throughput,rules,memory,pauses,late,beyond]
//
// Each commit is checked out into a temporary worktree, which goes afterwards; packages are those installed here. The two run in turn, as the
// machine may not be the same a minute later. Without --full the size is the quick one: a look that takes a minute, and too short for
// compiled code, so that only gross differences show. Printed: the median of each figure by commit, and the second beside the first.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { digits, type Figure, median, table } from './figure.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})
if (positionals.length !== 2) throw new Error('give two commits')

interface Checkout {
  readonly commit: string
  readonly folder: string
  /** By figure: its median in each round. */
  readonly medians: Map<string, number[]>
  readonly units: Map<string, string>
}

const checkouts: Checkout[] = []
const folder = await mkdtemp(join(tmpdir(), 'vigil-compare-'))
const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort())
try {
  for (const [i, name] of positionals.entries()) checkouts.push(await checkOut(name, join(folder, String(i))))
  for (let round = 0; round < Number(values.rounds); round++) for (const checkout of checkouts) await measure(checkout)
  console.log(comparison(checkouts))
} finally {
  for (const { folder } of checkouts) await run('git', ['worktree', 'remove', '--force', folder], { cwd: root })
  await rm(folder, { recursive: true })
}

async function checkOut(name: string, folder: string): Promise<Checkout> {
  const { stdout } = await run('git', ['rev-parse', '--verify', '--short', `${name}^{commit}`], { cwd: root })
  await run('git', ['worktree', 'add', '--detach', folder, name], { cwd: root })
  const checkout = { commit: stdout.trim(), folder, medians: new Map(), units: new Map() }
  try {
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    // The same is measured on both, and on commits from before there were benchmarks.
    const benchmarks = join(folder, 'load-tests', 'engine')
    await rm(benchmarks, { recursive: true, force: true })
    await cp(join(root, 'load-tests', 'engine'), benchmarks, { recursive: true })
  } catch (error) {
    await run('git', ['worktree', 'remove', '--force', folder], { cwd: root })
    throw error
  }
  return checkout
}

async function measure({ folder, medians, units }: Checkout): Promise<void> {
  const size = values.full ? [] : ['--quick']
  const only = values.only === undefined ? [] : ['--only', values.only]
  const script = join(folder, 'load-tests', 'engine', 'engine.bench.ts')
  const { stdout } = await run(process.execPath, [script, '--json', ...size, ...only], {
    signal: abort.signal,
    maxBuffer: 2 ** 24,
  })
  const figures: Figure[] = JSON.parse(stdout)
  for (const figure of figures) {
    units.set(figure.name, figure.unit)
    medians.set(figure.name, [...(medians.get(figure.name) ?? []), median(figure.values)])
  }
}

function comparison([first, second]: readonly Checkout[]): string {
  const rows = [...first.medians].map(([name, before]) => {
    const after = second.medians.get(name) ?? []
    const ratio = after.length === 0 ? Number.NaN : median(after) / median(before)
    return [name, spread(before), spread(after), first.units.get(name) ?? '', digits(ratio)]
  })
  return table([['', first.commit, second.commit, '', 'ratio'], ...rows])
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return '-'
  return `${digits(median(values))} [${digits(Math.min(...values))}..${digits(Math.max(...values))}]`
}
