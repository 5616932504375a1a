import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Diagnostic } from '#shared/rule-language/diagnostic'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { FoundErrors, NotStarted } from './failure.ts'

/**
 * Reads the texts of a rule set's folder: all YAML files at any depth, by path relative to it with `/`.
 * Rejects with NotStarted where the folder or a file cannot be read.
 */
export async function readRuleFolder(folder: string): Promise<ReadonlyMap<string, string>> {
  const isFolder = await stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new NotStarted(`${folder} is not a folder with rules`)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const files = new Map<string, string>()
  for (const path of paths) files.set(relative(folder, path).replaceAll('\\', '/'), await readText(path))
  return files
}

/** The rule set of a folder. Rejects with FoundErrors, which shows every error. */
export async function loadRuleFolder(folder: string): Promise<RuleSet> {
  const { ruleSet, diagnostics } = loadRuleSet(await readRuleFolder(folder))
  if (ruleSet !== undefined) return ruleSet
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  throw new FoundErrors(
    `the rule set in ${folder} has errors\n${errors.map((error) => diagnosticText(folder, error)).join('\n')}`,
  )
}

/** `file:line:column: message`, the hint indented below. */
export function diagnosticText(folder: string, { file, line, column, severity, message, hint }: Diagnostic): string {
  const kind = severity === 'warning' ? 'warning: ' : ''
  return `${join(folder, file)}:${line}:${column}: ${kind}${message}${hint === undefined ? '' : `\n    hint: ${hint}`}`
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    if (error instanceof TypeError) throw new NotStarted(`${path} is not UTF-8`)
    throw new NotStarted(`${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
