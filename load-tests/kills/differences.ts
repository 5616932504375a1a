import type { Findings, Found } from './findings.ts'

/** How one list of texts differs from the one that it should be. */
export interface Differences {
  readonly lost: number
  /** Twice in the list, or not in the other. */
  readonly doubled: number
  readonly different: number
  /** The first few, in words. */
  readonly examples: readonly string[]
}

/** How all that one run found differs from what another did. */
export function compareFindings(expected: Findings, actual: Findings) {
  const of = (name: keyof Findings): Differences => compareFound(name, expected[name], actual[name])
  return {
    'standing alerts': of('standing'),
    'withdrawn alerts': of('withdrawn'),
    'alerts in full': of('details'),
    events: of('events'),
    decisions: of('decisions'),
  }
}

/** Also the order counts: a list that has all the same in another order differs. */
export function compareFound(name: string, expected: readonly Found[], actual: readonly Found[]): Differences {
  const texts = new Map(expected.map(({ id, text }) => [id, text]))
  const seen = new Set<string>()
  const examples: string[] = []
  const say = (text: string): void => {
    if (examples.length < examplesMax) examples.push(`${name}: ${text}`)
  }
  let doubled = 0
  let different = 0
  for (const { id, text } of actual) {
    const other = texts.get(id)
    if (seen.has(id) || other === undefined) {
      doubled++
      say(`${id} is ${seen.has(id) ? 'there twice' : 'one too many'}: ${text}`)
    } else if (other !== text) {
      different++
      say(`${id} is\n  ${text}\nnot\n  ${other}`)
    }
    seen.add(id)
  }
  const missing = expected.filter(({ id }) => !seen.has(id))
  for (const { id, text } of missing) say(`${id} is lost: ${text}`)
  const isOrdered = expected.every(({ id }, i) => actual[i]?.id === id)
  if (!isOrdered && missing.length === 0 && doubled === 0) {
    different++
    say('the order is another one')
  }
  return { lost: missing.length, doubled, different, examples }
}

const examplesMax = 5
