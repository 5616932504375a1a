/** What a replay counted. rows = events + duplicates + late + dead letters. */
export interface Summary {
  readonly rows: number
  readonly events: number
  readonly duplicates: number
  readonly late: number
  readonly deadLetters: Readonly<Record<string, number>>
  /** By rule, every rule named: alerts that stand at the end. */
  readonly alerts: Readonly<Record<string, number>>
  /** By rule: events at which it could not be judged. */
  readonly faults: Readonly<Record<string, number>>
  /** By rule: runs and matches refused by a bound. */
  readonly refused: Readonly<Record<string, number>>
  /** Events that had to leave an account's windows early, as its history had reached its bound. */
  readonly truncated: number
}

/** The line of `--summary`. What never happened (faults, refusals, truncation) is left out. */
export function summaryLine(summary: Summary, seconds: number): string {
  const { faults, refused, truncated, ...counted } = summary
  return JSON.stringify({
    ...counted,
    seconds: Math.round(seconds * 1000) / 1000,
    eventsPerSecond: Math.round(summary.events / Math.max(seconds, 0.001)),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    ...happened('faults', faults),
    ...happened('refused', refused),
    ...(truncated > 0 ? { truncated } : {}),
  })
}

/** For a person, on stderr. */
export function summaryText(summary: Summary, seconds: number): string {
  const n = (count: number): string => count.toLocaleString('en')
  const alerts = Object.values(summary.alerts).reduce((sum, count) => sum + count, 0)
  const dead = Object.entries(summary.deadLetters)
  const lines = [
    `${n(summary.rows)} rows: ${n(summary.events)} events, ${n(summary.duplicates)} duplicates, ${n(summary.late)} late, ` +
      `${n(dead.reduce((sum, [, count]) => sum + count, 0))} dead letters`,
    `${n(alerts)} alerts, in ${seconds.toFixed(1)} s (${n(Math.round(summary.events / Math.max(seconds, 0.001)))} events/s)`,
  ]
  for (const [rule, count] of Object.entries(summary.alerts)) lines.push(`  ${rule}: ${n(count)}`)
  for (const [reason, count] of dead) lines.push(`  dead letters, ${reason}: ${n(count)}`)
  for (const [rule, count] of Object.entries(summary.faults))
    if (count > 0) lines.push(`  ${rule} could not be judged at ${n(count)} events`)
  for (const [rule, count] of Object.entries(summary.refused))
    if (count > 0) lines.push(`  ${rule}: ${n(count)} partial matches refused, as too many were open at once`)
  if (summary.truncated > 0)
    lines.push(
      `  ${n(summary.truncated)} events left their windows early: an account has more in its windows than a history holds`,
    )
  return lines.join('\n')
}

/** What looks like success and is none. */
export function summaryWarnings({ rows, events, late, deadLetters }: Summary): string[] {
  const dead = Object.values(deadLetters).reduce((sum, count) => sum + count, 0)
  const warnings: string[] = []
  if (dead > rows / 2) warnings.push('most rows are no events: see --dead-letters FILE for the reasons')
  if (late > events) warnings.push('most events are late: --order event-time sorts them first, --lateness allows more')
  return warnings
}

function happened(name: string, counts: Readonly<Record<string, number>>): Record<string, unknown> {
  const some = Object.entries(counts).filter(([, count]) => count > 0)
  return some.length === 0 ? {} : { [name]: Object.fromEntries(some) }
}
