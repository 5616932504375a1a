import { targets } from './fault-plan.ts'
import type { Chaos } from './prove.ts'

/** Prints what happened, and what differs. @returns whether nothing does */
export function tell({ rows, events, trial, differences }: Chaos): boolean {
  const { findings, content, faults, endings, refusedStarts, refusals } = trial
  for (const target of targets) {
    const kinds = [...faults].filter(([name]) => name.startsWith(`${target} `)).sort()
    console.log(
      `${target.padEnd(9)}  ${kinds.map(([name, count]) => `${name.slice(target.length + 1)} ${count}`).join(', ')}`,
    )
  }
  console.log(
    `ended      by itself ${endings.length} times; did not start ${refusedStarts.length} times, while a server was away`,
  )
  for (const [ending, count] of counted(endings)) console.log(`  ${count} × ${ending}`)
  console.log(`sent       ${n(rows)} rows of ${n(events)} events, ${n(trial.retries)} requests again`)
  for (const [refusal, count] of refusals) console.log(`  ${count} × ${refusal}`)
  console.log(
    `log        ${n(content.events)} events, ${n(content.repeats)} of them again; ${trial.placedTwice} were acknowledged at two places`,
  )
  console.log(`memory     ${n(trial.memoryBytesMax / 2 ** 20)} MiB at most`)
  console.log(`at rest    ${n(trial.convergedMs)} ms after the last fault`)
  const { standing, withdrawn, details, events: found, decisions } = findings
  console.log(
    `compared   ${n(standing.length)} alerts, ${n(withdrawn.length)} withdrawn, ${n(details.length)} in full, ${n(found.length)} events, ${n(decisions.length)} decisions\n`,
  )
  let isSame = trial.wrongs.length === 0 && endings.length === 0
  for (const [name, { lost, doubled, different, examples }] of Object.entries(differences)) {
    console.log(`${name.padEnd(18)} lost ${lost}, doubled ${doubled}, different ${different}`)
    for (const example of examples) console.log(`  ${example.slice(0, exampleCharactersMax)}`)
    isSame &&= lost + doubled + different === 0
  }
  for (const wrong of trial.wrongs.slice(0, wrongsShown)) console.log(wrong.slice(0, exampleCharactersMax))
  console.log(isSame ? 'the same' : 'NOT the same')
  return isSame
}

function counted(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

const n = (count: number): string => Math.round(count).toLocaleString('en')

const exampleCharactersMax = 2_000
const wrongsShown = 20
