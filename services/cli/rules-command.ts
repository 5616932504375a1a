import { join } from 'node:path'
import { checkCosts } from '#shared/actor/check-costs'
import { costedEvents, costOf } from '#shared/actor/rule-cost'
import { limits } from '#shared/domain/limits'
import type { Diagnostic } from '#shared/rule-language/diagnostic'
import { ruleFilesSchema } from '#shared/rule-language/json-schema'
import { checkRuleFiles } from '#shared/rule-language/rule-tests'
import { type Command, readFlags } from './command.ts'
import { costJson, costTable } from './cost-table.ts'
import { exitCodes } from './failure.ts'
import { Progress } from './progress.ts'
import { diagnosticText, readRuleFolder } from './rule-folder.ts'
import { runRuleTest } from './rule-test-run.ts'

export const rulesCheckCommand: Command = {
  name: 'rules check',
  summary: 'check the files of a rule set; every error with its place and a hint',
  help: `Usage: vigil rules check DIR [--cost] [--json]

Checks events.yaml, lists, rules, scenarios and tests in full. Each error is written to stdout as
file:line:column: message, with a hint below it.

  --cost   what each rule costs if it stands alone: bytes for an account with ${costedEvents} events in its windows, what its
           open runs may take besides, operations for one event at worst, and which part of it is dearest. No event
           costs a rule more than ${limits.operationsPerEventMax.toLocaleString('en')} operations: it is faulted for that event instead
  --json   [{file, line, column, code, message, hint}], for editors; with --cost an array of costs, and mistakes to
           stderr

Example:
  vigil rules check rules`,
  run: check,
}

export const rulesTestCommand: Command = {
  name: 'rules test',
  summary: 'run every *.test.yaml of a rule set',
  help: `Usage: vigil rules test DIR

Runs every test of every *.test.yaml; a failure shows expected and actual alerts side by side.

Example:
  vigil rules test rules`,
  run: test,
}

export const rulesSchemaCommand: Command = {
  name: 'rules schema',
  summary: 'print the JSON Schema of all rule files, for completion in an editor',
  help: `Usage: vigil rules schema

Prints one JSON Schema (2020-12) for events.yaml, lists, rules, scenarios and tests.

Example:
  vigil rules schema > vigil.schema.json`,
  run: async (args) => {
    readFlags(args, {}, { min: 0, max: 0, what: 'nothing' })
    process.stdout.write(`${JSON.stringify(ruleFilesSchema(), null, 2)}\n`)
    return exitCodes.done
  },
}

async function check(args: readonly string[]): Promise<number> {
  const flags = { json: { type: 'boolean' }, cost: { type: 'boolean' } } as const
  const { values, positionals } = readFlags(args, flags, { min: 1, max: 1, what: 'the folder' })
  const [folder] = positionals
  const { ruleSet, tests, diagnostics: mistakes } = checkRuleFiles(await readRuleFolder(folder))
  const costs = ruleSet === undefined ? [] : costOf(ruleSet)
  const diagnostics = [...mistakes, ...checkCosts(costs)].sort(inOrder)
  const hasErrors = diagnostics.some(({ severity }) => severity === 'error')
  if (values.cost === true && values.json === true) {
    for (const diagnostic of diagnostics) process.stderr.write(`${diagnosticText(folder, diagnostic)}\n`)
    process.stdout.write(`${JSON.stringify(costJson(costs))}\n`)
  } else if (values.json === true) {
    const plain = diagnostics.map(({ file, line, column, code, message, hint }) => ({
      file,
      line,
      column,
      code,
      message,
      hint,
    }))
    process.stdout.write(`${JSON.stringify(plain)}\n`)
  } else {
    for (const diagnostic of diagnostics) process.stdout.write(`${diagnosticText(folder, diagnostic)}\n`)
    if (values.cost === true && costs.length > 0) process.stdout.write(costTable(folder, costs))
    if (ruleSet !== undefined && !hasErrors)
      process.stdout.write(
        `${ruleSet.rules.length} rules, ${ruleSet.scenarios.length} scenarios, ${ruleSet.lists.length} lists, ${tests.length} tests: no errors\n`,
      )
  }
  return hasErrors ? exitCodes.foundWrong : exitCodes.done
}

async function test(args: readonly string[]): Promise<number> {
  const { positionals } = readFlags(args, {}, { min: 1, max: 1, what: 'the folder' })
  const [folder] = positionals
  const { ruleSet, tests, diagnostics } = checkRuleFiles(await readRuleFolder(folder))
  if (ruleSet === undefined) {
    for (const diagnostic of diagnostics) process.stdout.write(`${diagnosticText(folder, diagnostic)}\n`)
    return exitCodes.foundWrong
  }
  const progress = new Progress()
  let failed = 0
  for (const [i, testCase] of tests.entries()) {
    progress.show('testing', i, tests.length)
    const difference = runRuleTest(ruleSet, testCase)
    if (difference === undefined) continue
    failed++
    progress.clear()
    const { name } = ruleSet.rules[testCase.rule]
    process.stdout.write(
      `FAILED ${join(folder, testCase.file)}:${testCase.line} ${name}: ${testCase.name}\n${difference}\n\n`,
    )
  }
  progress.clear()
  process.stdout.write(`${tests.length - failed} passed, ${failed} failed\n`)
  return failed === 0 ? exitCodes.done : exitCodes.foundWrong
}

/** By file, then place, as the checker does. */
function inOrder(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}
