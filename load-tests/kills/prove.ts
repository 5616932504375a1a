import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Random } from '#shared/generator/random'
import { partitionOf } from '../../services/detector/partition-of.ts'
import { compareFindings, compareFound, type Differences } from './differences.ts'
import type { Found } from './findings.ts'
import { planKills } from './kill-plan.ts'
import { makePayments, type Payments } from './payments.ts'
import { byId, type Replayed, replayed, withoutTrace } from './replayed.ts'
import { runTrial, type Trial } from './trial.ts'

export interface ProofOptions {
  readonly events: number
  readonly accounts: number
  readonly kills: number
  readonly seed: number
  readonly partitions: number
  /** Of the service that is killed, as where it keeps what; the calm one keeps all in its data folder. */
  readonly flags?: readonly string[]
  /** Whether the killed one's log has gaps between its offsets, as a broker's has. */
  readonly hasGaps?: boolean
  /** One row in so many is sent for a decision. */
  readonly rowsPerDecision: number
  readonly detailsMax: number
  readonly onProgress?: (what: string) => void
}

export interface Proof {
  readonly calm: Trial
  readonly killed: Trial
  readonly rows: number
  /** What the killed run has, beside the calm one; and beside a replay of the same file. */
  readonly differences: Readonly<Record<string, Differences>>
  /** What must not be, in words. */
  readonly wrongs: readonly string[]
}

/** Runs the service over one stream twice, calm and killed, and compares all that it found, also with a replay. */
export async function prove(options: ProofOptions): Promise<Proof> {
  const folder = await mkdtemp(join(tmpdir(), 'vigil-kills-'))
  try {
    return await proveIn(folder, options)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function proveIn(folder: string, options: ProofOptions): Promise<Proof> {
  const {
    kills,
    seed,
    partitions,
    flags = [],
    hasGaps = false,
    rowsPerDecision,
    detailsMax,
    onProgress = () => {},
  } = options
  const payments = await makePayments(folder, options)
  const rules = await makeRuleSets(folder)
  const trial = {
    payments,
    rules,
    partitions,
    detailsMax,
    isDecided: decidedRows(payments, rowsPerDecision, new Random(seed + 1)),
  }
  onProgress(`${payments.rows.length} rows; the calm run begins`)
  const calm = await runTrial({ ...trial, flags: [], kills: [], dataDir: join(folder, 'calm') })
  onProgress(`calm run: ${calm.seconds.toFixed(1)} s; the killed run begins`)
  const plan = planKills(kills, { rows: payments.rows.length, half: payments.half }, new Random(seed + 2))
  const killed = await runTrial({ ...trial, flags, kills: plan, dataDir: join(folder, 'killed') })
  onProgress(`killed run: ${killed.seconds.toFixed(1)} s; the replays begin`)
  const expected = await replayStanding(folder, payments, rules)
  return {
    calm,
    killed,
    rows: payments.rows.length,
    differences: {
      ...compareFindings(calm.findings, killed.findings),
      replay: compareFound('replay', expected, killed.findings.standing.map(withoutTrace).sort(byId)),
    },
    wrongs: [...wrongsOf('calm', calm, payments, false), ...wrongsOf('killed', killed, payments, hasGaps)],
  }
}

const measuredRules = fileURLToPath(new URL('../replay/rules', import.meta.url))

/** What the rules of the second half have instead: one another score, one another threshold. */
const changes: Readonly<Record<string, readonly [before: string, after: string]>> = {
  'three-in-an-hour.rule.yaml': ['score: 20', 'score: 25'],
  'many-shops.rule.yaml': ['shops_1d >= 10', 'shops_1d >= 12'],
}

/** The rules of the replay's measurements as one scenario, so that there are decisions. @returns the folders of both halves' rule sets */
async function makeRuleSets(folder: string): Promise<readonly [before: string, after: string]> {
  const sets = [join(folder, 'rules-before'), join(folder, 'rules-after')] as const
  for (const [i, set] of sets.entries()) {
    await mkdir(join(set, 'payments'), { recursive: true })
    await writeFile(join(set, 'payments', 'scenario.yaml'), scenario)
    for (const file of await readdir(measuredRules)) {
      const text = await readFile(join(measuredRules, file), 'utf8')
      const [before, after] = i === 0 ? ['', ''] : (changes[file] ?? ['', ''])
      if (!text.includes(before)) throw new Error(`${file} does not hold "${before}"`)
      await writeFile(join(set, file === 'events.yaml' ? '' : 'payments', file), text.replace(before, after))
    }
  }
  return sets
}

const scenario = 'scenario: payments\ntitle: Payments\ncombine: max\nthresholds: { review: 20, decline: 50 }\n'

/** The first rows of some events. */
function decidedRows({ numbers }: Payments, rowsPerDecision: number, random: Random): (row: number) => boolean {
  const seen = new Set<number>()
  const decided = new Set<number>()
  for (const [row, number] of numbers.entries()) {
    if (!seen.has(number) && random.chance(1 / rowsPerDecision)) decided.add(row)
    seen.add(number)
  }
  return (row) => decided.has(row)
}

/** Alerts that stand at the end of a replay of all rows: of the first rule set up to the change, of the second after it. */
async function replayStanding(
  folder: string,
  { file, changeAt }: Payments,
  [before, after]: readonly [string, string],
): Promise<readonly Found[]> {
  const old = await replayed(join(folder, 'before.jsonl'), file, ['--rules', before])
  const fresh = await replayed(join(folder, 'after.jsonl'), file, ['--rules', after])
  const isOld = ({ key, at }: Replayed): boolean => at <= changeAt[partitionOf(key, changeAt.length)]
  const stands = [...old.filter(isOld), ...fresh.filter((alert) => !isOld(alert))]
  return stands.map(({ id, text }) => ({ id, text })).sort(byId)
}

/** The log must hold each event once, in the order of sending, and beside them no more than what starts put there. */
function wrongsOf(name: string, trial: Trial, payments: Payments, hasGaps: boolean): string[] {
  const { wrongs, kills, records, findings, offsets, partitions } = trial
  const found = wrongs.map((wrong) => `${name}: ${wrong}`)
  const last = payments.changeAt.map(() => 0)
  const seen = new Set<number>()
  for (const number of payments.numbers) {
    if (seen.has(number)) continue
    seen.add(number)
    const before = last[partitions[number]]
    if (offsets[number] <= before)
      found.push(`${name}: event ${number} lies at ${offsets[number]}, not behind ${before}`)
    last[partitions[number]] = offsets[number]
  }
  // Each start puts a claim into each partition and at most one rule set, and a decision that was not answered is asked for again.
  const others = records - payments.events
  const startsMax = kills + 2
  if (!hasGaps && (others < 0 || others > 2 * startsMax * last.length + trial.decisionsAgain))
    found.push(`${name}: ${others} records beside the events, with ${trial.decisionsAgain} decisions asked for again`)
  if (findings.withdrawn.length === 0) found.push(`${name}: no alert was withdrawn, which the stream should lead to`)
  return found
}
