import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { checkCosts } from '#shared/actor/check-costs'
import { costOf } from '#shared/actor/rule-cost'
import type { Diagnostic } from '#shared/rule-language/diagnostic'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { fileProblem } from '#shared/wire/input-failure'
import { FoundErrors, NotStarted } from './failure.ts'

/**
 * Reads the texts of a rule set's folder: all YAML files at any depth, by path relative to it with `/`. Links are followed, as mounted
 * configurations are made of them; what starts with a dot is not read.
 * Rejects with NotStarted where the folder or a file cannot be read.
 */
export async function readRuleFolder(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isFile()) throw new NotStarted(`${folder} is a file; give the folder of the rule set: ${dirname(folder)}`)
  if (found === undefined || !found.isDirectory()) throw new NotStarted(`${folder} is not a folder with rules`)
  const files = new Map<string, string>()
  for (const path of (await yamlFilesBelow(folder, 0)).sort())
    files.set(relative(folder, path).replaceAll('\\', '/'), await readText(path))
  return files
}

async function yamlFilesBelow(folder: string, depth: number): Promise<string[]> {
  // A link may lead back up; no one nests rules so deep.
  if (depth > foldersDeepMax) return []
  const names = await readdir(folder).catch((error: unknown) => {
    throw new NotStarted(fileProblem(folder, error))
  })
  const paths: string[] = []
  for (const name of names) {
    if (name.startsWith('.')) continue
    const path = join(folder, name)
    const entry = await stat(path).catch(() => undefined)
    if (entry?.isDirectory()) paths.push(...(await yamlFilesBelow(path, depth + 1)))
    else if (/\.ya?ml$/.test(name)) paths.push(path)
  }
  return paths
}

const foldersDeepMax = 8

/** The rule set of a folder. Rejects with FoundErrors, which shows every error. */
export const loadRuleFolder = async (folder: string): Promise<RuleSet> =>
  checkedRuleSet(folder, await readRuleFolder(folder))

/** The rule set of the texts of a folder. Throws FoundErrors, which shows every error. */
export function checkedRuleSet(folder: string, files: ReadonlyMap<string, string>): RuleSet {
  const { ruleSet, diagnostics } = loadRuleSet(files)
  const costs = ruleSet === undefined ? [] : checkCosts(costOf(ruleSet))
  const errors = [...diagnostics, ...costs].filter(({ severity }) => severity === 'error')
  if (ruleSet !== undefined && errors.length === 0) return ruleSet
  throw new FoundErrors(
    `the rule set in ${folder} has errors\n${errors.map((error) => diagnosticText(folder, error)).join('\n')}`,
  )
}

/** `file:line:column: message`, the hint indented below. */
export function diagnosticText(folder: string, { file, line, column, severity, message, hint }: Diagnostic): string {
  const kind = severity === 'warning' ? 'warning: ' : ''
  return `${join(folder, file)}:${line}:${column}: ${kind}${message}${hint === undefined ? '' : `\n    hint: ${hint}`}`
}

/** A text file, which must be UTF-8. Rejects with NotStarted. */
export async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    if (error instanceof TypeError) throw new NotStarted(`${path} is not UTF-8`)
    throw new NotStarted(fileProblem(path, error))
  }
}
