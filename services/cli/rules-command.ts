import { join } from 'node:path'
import { ruleFilesSchema } from '#shared/rule-language/json-schema'
import { checkRuleFiles } from '#shared/rule-language/rule-tests'
import { type Command, readFlags } from './command.ts'
import { exitCodes } from './failure.ts'
import { Progress } from './progress.ts'
import { diagnosticText, readRuleFolder } from './rule-folder.ts'
import { runRuleTest } from './rule-test-run.ts'

export const rulesCheckCommand: Command = {
  name: 'rules check',
  summary: 'check the files of a rule set; every error with its place and a hint',
  help: `Usage: vigil rules check DIR [--json]

Checks events.yaml, lists, rules, scenarios and tests in full. Each error is written to stdout as
file:line:column: message, with a hint below it.

  --json   [{file, line, column, code, message, hint}], for editors

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
  const { values, positionals } = readFlags(args, { json: { type: 'boolean' } }, { min: 1, max: 1, what: 'the folder' })
  const [folder] = positionals
  const files = await readRuleFolder(folder)
  const { ruleSet, tests, diagnostics } = checkRuleFiles(files)
  const hasErrors = diagnostics.some(({ severity }) => severity === 'error')
  if (values.json === true) {
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
    if (ruleSet !== undefined)
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
