import { problemReasons } from '#shared/domain/problem'
import type { Summary } from './summary.ts'

/** What the threads of a replay have counted together. Each has read all rows; what it counts of them are its own. */
export function sumOf(parts: readonly Summary[]): Summary {
  const total = (count: (part: Summary) => number): number => parts.reduce((sum, part) => sum + count(part), 0)
  const byName = (names: readonly string[], counts: (part: Summary) => Readonly<Record<string, number>>) =>
    Object.fromEntries(names.map((name) => [name, total((part) => counts(part)[name] ?? 0)]))
  const rules = Object.keys(parts[0].alerts)
  const reasons = problemReasons.filter((reason) => parts.some(({ deadLetters }) => reason in deadLetters))
  return {
    rows: parts[0].rows,
    events: total(({ events }) => events),
    duplicates: total(({ duplicates }) => duplicates),
    late: total(({ late }) => late),
    deadLetters: byName(reasons, ({ deadLetters }) => deadLetters),
    alerts: byName(rules, ({ alerts }) => alerts),
    faults: byName(rules, ({ faults }) => faults),
    refused: byName(rules, ({ refused }) => refused),
    truncated: total(({ truncated }) => truncated),
  }
}
