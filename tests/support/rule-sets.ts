import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Diagnostic } from '../../shared/rule-language/diagnostic.ts'
import { checkRuleFiles } from '../../shared/rule-language/rule-tests.ts'

/** Event types that most tests of rule files are content with. */
export const sampleEvents = `
events:
  transaction:
    fields:
      account: string
      amount: money
      channel: string
      mcc: string
      usual: optional<double>
      tags: optional<list<string>>
      merchant: { id: optional<string>, country: optional<string> }
      terminal: optional<string>
      opened: optional<timestamp>
      wait: optional<duration>
      items: optional<int>
      fraud: optional<bool>
    keys: { account: account, terminal: terminal }
  login:
    fields: { account: string, device: string }
    keys: { account: account }
`

/** A rule that lacks nothing but what the test is about. */
export const ruleWith = (lines: string): string => `rule: sample\nscore: 70\nseverity: high\n${lines}\n`

/** The files of a set with the sample event types, unless others are given. */
export const ruleSetFiles = (files: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries({ 'events.yaml': sampleEvents, ...files }))

const mark = '«'

/**
 * Checks files in which `«` stands before each place where a mistake is to be found.
 * @returns what was found and what was marked, each as `file:line:column`, and the mistakes themselves
 */
export function findMistakes(files: Readonly<Record<string, string>>): {
  readonly found: readonly string[]
  readonly marked: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
} {
  const plain = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replaceAll(mark, '')]))
  const { diagnostics } = checkRuleFiles(ruleSetFiles(plain))
  const marked = Object.entries(files).flatMap(([name, text]) => marksOf(text).map((place) => `${name}:${place}`))
  const found = diagnostics.map(({ file, line, column }) => `${file}:${line}:${column}`)
  return { found, marked: marked.sort(inOrderOfPlaces), diagnostics }
}

function marksOf(text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    const pieces = line.split(mark)
    return pieces.slice(1).map((_, k) => `${i + 1}:${pieces.slice(0, k + 1).join('').length + 1}`)
  })
}

const inOrderOfPlaces = (a: string, b: string): number => {
  const [fileA, lineA, columnA] = a.split(':')
  const [fileB, lineB, columnB] = b.split(':')
  if (fileA !== fileB) return fileA < fileB ? -1 : 1
  return Number(lineA) - Number(lineB) || Number(columnA) - Number(columnB)
}

/** All files of the rule set that the project ships, by path relative to its folder. */
export function shippedRuleFiles(): ReadonlyMap<string, string> {
  const folder = join(import.meta.dirname, '..', '..', 'rules')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
  return new Map(names.map((name) => [name.replaceAll(sep, '/'), readFileSync(join(folder, name), 'utf8')]))
}
