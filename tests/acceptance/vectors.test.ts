// The reference vectors, judged through the one bridge to the engine: by their own judge, and by a replay of what the bridge makes of them.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'
import { Progress } from '../../services/cli/progress.ts'
import { runReplay } from '../../services/cli/replay/run-replay.ts'
import type { StepIds, Vector, VectorPattern, VectorStep } from '../../shared/cep/vector-format.ts'
import { check, event, rule, run } from '../../shared/cep/vectors-adapter.ts'
import { loadRuleSet } from '../../shared/rule-language/load-rule-set.ts'
import { LineWriter } from '../../shared/wire/line-writer.ts'
import { openRows } from '../../shared/wire/row-reader.ts'
import { sharedMissing, sharedPath } from '../support/shared-data.ts'
import { type Alert, parseLines, Workspace } from '../support/vigil-command.ts'

interface Stated extends Vector {
  readonly quirks?: readonly string[]
  readonly timeouts?: readonly unknown[]
  readonly openPartials?: number
  readonly expectError?: string
}

interface Validity {
  readonly name: string
  readonly pattern: VectorPattern
  readonly invalid?: string | null
  readonly canBeEmpty?: boolean
  readonly windowMs?: number
}

const isMissing = sharedMissing('reference vectors against the engine', 'vectors', 'cep')
const files = isMissing ? [] : readdirSync(sharedPath('vectors', 'cep')).filter((file) => file.endsWith('.json'))
const read = <T>(file: string): readonly T[] => JSON.parse(readFileSync(sharedPath('vectors', 'cep', file), 'utf8'))
const validity = files.includes('PatternValidity.json') ? read<Validity>('PatternValidity.json') : []
const vectors = files.filter((file) => file !== 'PatternValidity.json').flatMap((file) => read<Stated>(file))

const isFedUnsorted = ({ quirks = [] }: Stated): boolean => quirks.includes('fed-unsorted')

/** What only the bridge can do: sort by watermarks, let time pass at the end, stop at a failure. */
const isBeyondReplay = (vector: Stated): boolean =>
  vector.feed !== undefined || vector.advanceTo !== undefined || vector.expectError !== undefined

const workspace = new Workspace()
afterAll(() => workspace.close())

describe.skipIf(isMissing)('the reference vectors', () => {
  it('agree with the engine, by their own judge', { timeout: 120_000 }, () => {
    const judge = sharedPath('vectors', 'cep', 'judge.mjs')
    const engine = join(projectRoot, 'shared/cep/vectors-adapter.ts')
    const { stdout } = spawnSync(process.execPath, [judge, '--engine', engine], { encoding: 'utf8' })
    const notRun = vectors.filter(isFedUnsorted).length
    expect(stdout.trim().split('\n').at(-1)).toBe(
      `${vectors.length} vectors, ${vectors.length - notRun} agree, 0 disagree, ${notRun} not run`,
    )
  })

  it('are answered in all that they state', { timeout: 60_000 }, () => {
    for (const vector of vectors) {
      const answer = run(vector)
      if (isFedUnsorted(vector)) continue
      expect(answer, vector.name).toMatchObject({
        matches: expect.any(Array),
        ...(vector.timeouts === undefined ? {} : { timeouts: expect.any(Array) }),
        ...(vector.openPartials === undefined ? {} : { openPartials: vector.openPartials }),
        ...(vector.eventTime?.late === undefined ? {} : { late: vector.eventTime.late }),
      })
      expect(answer?.error, vector.name).toBe(vector.expectError)
    }
  })

  it('have patterns that are refused, warned of and bounded as they say', () => {
    for (const { name, pattern, ...stated } of validity) {
      const { invalid, canBeEmpty, windowMs } = stated
      expect(check(pattern), name).toMatchObject({
        ...(invalid === undefined ? {} : { invalid }),
        ...(canBeEmpty === undefined ? {} : { canBeEmpty }),
        ...(windowMs === undefined ? {} : { windowMs }),
      })
    }
  })

  it('have the same matches in a replay', { timeout: 120_000 }, async () => {
    const replayed = vectors.filter((vector) => !isFedUnsorted(vector) && !isBeyondReplay(vector))
    expect(replayed.length).toBeGreaterThan(vectors.length / 2)
    for (const [index, vector] of replayed.entries())
      expect(sorted(await replay(vector, index)), vector.name).toEqual(sorted(run(vector)?.matches ?? []))
  })
})

const eventsYaml = `events:
  event:
    fields: { key: string, kind: string, name: string, price: double, volume: optional<double>, ts: int, now: optional<int> }
    keys: { key: key }
`

/** What `vigil replay` finds, as matches of the vector. The rule is written as JSON, which is YAML. */
async function replay(vector: Vector, index: number): Promise<readonly StepIds[]> {
  const plain = rule(vector)
  const { ruleSet, diagnostics } = loadRuleSet(
    new Map([
      ['events.yaml', eventsYaml],
      ['vector.rule.yaml', JSON.stringify(plain, null, 2)],
    ]),
  )
  if (ruleSet === undefined) throw new Error(`${vector.name}: ${JSON.stringify(diagnostics)}`)
  const lines = vector.events.map(({ id }) => `${JSON.stringify(event(vector, id))}\n`)
  const input = workspace.write(`${index}.jsonl`, lines.join(''))
  const output = workspace.path(`${index}-alerts.jsonl`)
  const out = await LineWriter.toFile(output)
  const rows = await openRows({ files: [input], schema: ruleSet.events, stdin: process.stdin })
  const summary = await runReplay({
    ...{ ruleSet, rows, out, emit: 'alerts', order: 'event-time', latenessMs: 0 },
    ...{ memoryBytesMax: 2 ** 24, deadLetters: undefined, progress: new Progress() },
  })
  await out.close()
  expect(summary.events, vector.name).toBe(vector.events.length)
  const names = stepNames(vector.pattern.steps)
  const inRule = stepNames(plain.pattern as readonly VectorStep[])
  return parseLines<Alert>(readFileSync(output, 'utf8')).map(({ steps = {} }) =>
    Object.fromEntries(Object.entries(steps).map(([name, ids]) => [names[inRule.indexOf(name)], ids.map(Number)])),
  )
}

/** In the order in which they are numbered. Steps of a rule are called what stands by their contiguity. */
function stepNames(steps: readonly VectorStep[]): readonly string[] {
  return steps.flatMap((step) =>
    step.group === undefined ? [step.name ?? String(Object.values(step)[0])] : stepNames(step.group),
  )
}

function sorted(matches: readonly StepIds[]): string[] {
  const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)
  return matches.map((match) => JSON.stringify(Object.entries(match).sort(byName))).sort()
}
