import { invariants } from './broken.ts'
import { type Fault, faultKinds } from './faults.ts'
import type { ShrunkRun } from './shrink.ts'
import type { Run } from './simulate.ts'

/** What a person needs who looks for the mistake. */
export function reportOf(run: Run, shortest: ShrunkRun): string {
  const { seed, broken, faults } = run
  if (broken === undefined) return `seed ${seed}: all invariants hold`
  return [
    `seed ${seed} breaks an invariant`,
    `  ${broken.invariant}: ${invariants[broken.invariant]}`,
    `  ${broken.detail}`,
    '',
    `what went wrong in it (${faults.length}):`,
    ...faultLines(faults),
    '',
    `the shortest run found in ${shortest.tries} tries (${shortest.faults.length} faults, ${shortest.payments.length} payments):`,
    ...faultLines(shortest.faults),
    ...shortest.steps.slice(-stepsShownMax).map((step) => `  ${step}`),
    `  ${shortest.broken?.detail ?? ''}`,
    '',
    `again: npx vigil simulate --seed ${seed}`,
  ].join('\n')
}

const faultLines = (faults: readonly Fault[]): readonly string[] =>
  faults.map(({ name, kind, at, where }) => `  ${at} ms ${name}, ${where}: ${faultKinds[kind]}`)

/** The last of them; those before seldom matter. */
const stepsShownMax = 120
