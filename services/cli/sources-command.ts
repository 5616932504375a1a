import { type BrokerLogPlace, brokerLogPlace } from '#shared/log/broker-log-place'
import { LogRefused } from '#shared/log/sqlite-log-failure'
import { loadSources } from '../ingest/load-sources.ts'
import { type Command, readFlags } from './command.ts'
import { exitCodes } from './failure.ts'
import { diagnosticText, loadRuleFolder, readText } from './rule-folder.ts'

export const sourcesCheckCommand: Command = {
  name: 'sources check',
  summary: "check a file of sources (a bank's own streams) with its MAP files; every error with its place and a hint",
  help: `Usage: vigil sources check FILE [--rules DIR] [--json]

Checks what VIGIL_SOURCES names as vigil serve does at its start: names, addresses, the MAP files against
events.yaml, that none is the log of VIGIL_LOG, and the variables VIGIL_SOURCE_NAME_… that are set. No
broker is asked. Each error is written to stdout as file:line:column: message, with a hint below it.

  --rules DIR   the rule set whose events.yaml the sources give events for; default VIGIL_RULES, or rules
  --json        [{file, line, column, code, message, hint}], for editors

Example:
  vigil sources check sources.yaml`,
  run: check,
}

async function check(args: readonly string[]): Promise<number> {
  const flags = { rules: { type: 'string' }, json: { type: 'boolean' } } as const
  const { values, positionals } = readFlags(args, flags, { min: 1, max: 1, what: 'the file' })
  const [file] = positionals
  const text = await readText(file)
  const { events: schema } = await loadRuleFolder(values.rules ?? (process.env['VIGIL_RULES'] || 'rules'))
  const { sources, diagnostics } = loadSources({
    file,
    text,
    schema,
    environment: process.env,
    log: logOf(process.env['VIGIL_LOG'] ?? ''),
  })
  if (values.json === true) {
    const plain = diagnostics.map(({ severity: _, ...diagnostic }) => diagnostic)
    process.stdout.write(`${JSON.stringify(plain)}\n`)
  } else {
    for (const diagnostic of diagnostics) process.stdout.write(`${diagnosticText('', diagnostic)}\n`)
    if (diagnostics.length === 0) {
      const maps = sources.filter(({ map }) => map !== undefined).length
      process.stdout.write(`${sources.length} sources, ${maps} of them with a MAP: no errors\n`)
    }
  }
  return diagnostics.some(({ severity }) => severity === 'error') ? exitCodes.foundWrong : exitCodes.done
}

/** A URL that is wrong is told by `vigil serve`: it says nothing about sources. */
function logOf(url: string): BrokerLogPlace | undefined {
  try {
    return brokerLogPlace(url)
  } catch (error) {
    if (error instanceof LogRefused) return undefined
    throw error
  }
}
