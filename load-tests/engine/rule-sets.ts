import { fileURLToPath } from 'node:url'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { readRuleFolder } from '../../services/cli/rule-folder.ts'

/**
 * `ten`: ten conditions and two patterns, 12 features over up to 30 days. `hundred`: ten variations of each condition, with 74 features.
 * `ten-unmoved`: the ten with bounds on counts and sums that an account of any size does not reach, so that only single payments are hit.
 */
export type RuleSetName = 'ten' | 'ten-unmoved' | 'hundred'

export async function ruleFiles(name: RuleSetName): Promise<ReadonlyMap<string, string>> {
  const ten = await readRuleFolder(fileURLToPath(new URL('rules', import.meta.url)))
  if (name === 'ten') return ten
  return name === 'hundred' ? variations(ten) : new Map([...ten].map(([path, text]) => [path, unmoved(text)]))
}

export function ruleSetOf(files: ReadonlyMap<string, string>): RuleSet {
  const { ruleSet, diagnostics } = loadRuleSet(files)
  if (ruleSet === undefined) throw new Error(`the rules have errors: ${JSON.stringify(diagnostics[0])}`)
  return ruleSet
}

/** Other windows, filters and thresholds; the thresholds are so high that the variations add few hits. */
function variations(ten: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const files = new Map(ten)
  for (const [path, text] of ten)
    for (let k = 1; k < 10 && isCondition(text); k++) files.set(path.replace('.rule', `-${k}.rule`), variation(text, k))
  return files
}

const isCondition = (text: string): boolean => text.includes('\nwhen:')

function variation(text: string, k: number): string {
  const [head, when] = text.split('\nwhen:')
  const variedHead = head
    .replace(/^rule: .*/, (line) => `${line}-${k}`)
    .replace(/over: (\w+)/g, (_, window) => `over: ${windows[(windows.indexOf(window) + k) % windows.length]}`)
    .replace(/"ecommerce"/, `"${channels[k % channels.length]}"`)
    .replace(/"EUR"/, `"${currencies[k % currencies.length]}"`)
  return `${variedHead}\nwhen:${withBounds(when, (bound) => bound * 10 + k)}`
}

function unmoved(text: string): string {
  const [head, when] = text.split('\nwhen:')
  if (when === undefined || !text.includes('\nfeatures:')) return text
  return `${head}\nwhen:${withBounds(when, (bound) => bound * 1_000_000)}`
}

/** Changes the whole numbers that something is compared with. */
const withBounds = (when: string, change: (bound: number) => number): string =>
  when.replace(/([<>]=? )(\d+)(?![.\d])/g, (_, operator, bound) => `${operator}${change(Number(bound))}`)

const windows = ['10m', '1h', '6h', '1d', '7d', '30d']
const channels = ['ecommerce', 'pos', 'atm', 'transfer']
const currencies = ['EUR', 'USD', 'GBP', 'PLN']
