import { join } from 'node:path'
import { costedEvents, type RuleCost } from '#shared/actor/rule-cost'
import { limits } from '#shared/domain/limits'

/** A line for each rule, for people. Columns are as wide as what stands in them. */
export function costTable(folder: string, costs: readonly RuleCost[]): string {
  const head = ['rule', 'base', 'event', `${costedEvents} events`, 'runs', 'operations', 'dearest']
  const rows = costs.map(({ rule, bytesPerAccount, workPerEvent, dearest }) => [
    rule.name,
    n(bytesPerAccount.base),
    n(bytesPerAccount.perEvent),
    n(bytesPerAccount.atEvents),
    rule.body.kind === 'pattern' ? n(bytesPerAccount.openRuns) : '',
    `${n(boundedOperations(workPerEvent))}${isBounded(workPerEvent) ? ' (bound)' : ''}`,
    `${dearest.name} ${join(folder, rule.places.file)}:${dearest.place.line}:${dearest.place.column}`,
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : i < head.length - 1 ? cell.padStart(widths[i]) : cell))
      .join('  ')
  return [head, ...rows].map((cells) => `${line(cells)}\n`).join('')
}

/** What `--json` prints: a contract. */
export function costJson(costs: readonly RuleCost[]): unknown {
  return costs.map(({ rule, bytesPerAccount, workPerEvent, dearest }) => ({
    rule: rule.name,
    file: rule.places.file,
    ...rule.places.rule,
    bytesPerAccount,
    workPerEvent: {
      operations: boundedOperations(workPerEvent),
      isBounded: isBounded(workPerEvent),
      runs: exact(workPerEvent.runs),
      matches: exact(workPerEvent.matches),
    },
    dearest: { construct: dearest.name, file: rule.places.file, ...dearest.place },
  }))
}

type Work = RuleCost['workPerEvent']

/** Fuel ends what runs do; what does not depend on them costs what it costs, and is refused where that is too much. */
const boundedOperations = ({ operations, withoutRuns }: Work): number =>
  Math.max(withoutRuns, Math.min(operations, limits.operationsPerEventMax))
const isBounded = (work: Work): boolean => boundedOperations(work) < work.operations
/** JSON has no larger whole numbers that mean anything. */
const exact = (count: number): number => Math.min(count, Number.MAX_SAFE_INTEGER)
const n = (count: number): string => count.toLocaleString('en')
