import type { OracleAnswer, Report, TakenEvent } from '../oracle/oracle.ts'
import { filesOf, stepName } from './case-files.ts'
import { jsonLines, pasteText } from './paste-text.ts'
import type { PatternCase } from './pattern-case.ts'

/** What one of the two said, in short lines: what was told and when, and what is left in the end. */
function answerLines(given: PatternCase, answer: OracleAnswer): readonly string[] {
  const { reports, open, held, oldest, deadline } = answer
  const { cards, until } = given
  const lines = reports.flatMap((told, index) => {
    const event = (index - 1) / 2
    const when = Number.isInteger(event) ? `at event ${event + 1}` : `before ${cards[index / 2]?.at ?? until} ms`
    return told.map((report) => `${when}: ${reportText(given, report)}`)
  })
  const left = [
    ...held.map((taken) => `held back in the end: ${takenText(given, taken)}`).sort(),
    `open runs after each event and in the end: ${open.join(' ')}`,
    `oldest event of a run or waiting match: ${oldest === Infinity ? 'none' : oldest + 1}`,
    `next end of an absence: ${deadline === Infinity ? 'none' : `${deadline} ms`}`,
  ]
  return [...lines, ...left]
}

/** What both said, with a mark where they differ; empty where they agree. */
export function disagreement(
  given: PatternCase,
  one: readonly [name: string, answer: OracleAnswer],
  other: readonly [name: string, answer: OracleAnswer],
): string {
  const [lines, otherLines] = [answerLines(given, one[1]), answerLines(given, other[1])]
  if (lines.join('\n') === otherLines.join('\n')) return ''
  return [`${one[0]} says:`, ...marked(lines, otherLines), `${other[0]} says:`, ...marked(otherLines, lines)].join('\n')
}

/** The case as something to paste into a shell in an empty folder: the rule, the events, and a replay of them. */
export function replayText(given: PatternCase): string {
  const { events, rule, stream } = filesOf(given)
  return pasteText({ 'events.yaml': events, 'found.rule.yaml': rule, 'events.jsonl': jsonLines(stream) }, [
    'npx vigil replay --rules . --events events.jsonl',
  ])
}

function marked(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return lines.map((line) => {
    const index = left.indexOf(line)
    if (index >= 0) left.splice(index, 1)
    return `${index < 0 ? '>' : ' '} ${line}`
  })
}

function reportText(given: PatternCase, { what, taken, at, isFoundAgain }: Report): string {
  return `${what} ${takenText(given, taken)} (${at} ms)${isFoundAgain ? ', found before' : ''}`
}

function takenText({ pattern }: PatternCase, taken: readonly TakenEvent[]): string {
  const parts: string[] = []
  for (const [index, { step, event }] of taken.entries()) {
    if (index === 0 || taken[index - 1].step !== step) parts.push(stepName(pattern, step))
    parts[parts.length - 1] += ` ${event + 1}`
  }
  return parts.join(', ')
}
