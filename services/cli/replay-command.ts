import { limits } from '#shared/domain/limits'
import { parseDuration } from '#shared/domain/time'
import { InputRefused } from '#shared/wire/input-failure'
import { type Format, formats } from '#shared/wire/input-format'
import { LineWriter } from '#shared/wire/line-writer'
import { MapFile } from '#shared/wire/map-file'
import { openRows } from '#shared/wire/row-reader'
import { type Command, choice, readFlags } from './command.ts'
import { exitCodes, FoundErrors, NotStarted } from './failure.ts'
import { refuseClashes } from './file-clash.ts'
import { Progress } from './progress.ts'
import { KeptStdin } from './replay/kept-stdin.ts'
import { replayFiles } from './replay/replay-files.ts'
import { summaryLine, summaryText, summaryWarnings } from './replay/summary.ts'
import { usefulThreads } from './replay/thread-count.ts'
import { diagnosticText, loadRuleFolder, readText } from './rule-folder.ts'
import { stateBytesMax } from './state-memory.ts'

export const replayCommand: Command = {
  name: 'replay',
  summary: 'run a rule set over recorded events',
  help: `Usage: vigil replay --rules DIR --events FILE [--events FILE …] [flags]

Runs a rule set over recorded events and writes what it finds, one JSON object a line.
The same input gives the same bytes out.

  --rules DIR              folder with events.yaml, *.rule.yaml, scenario.yaml, lists/
  --events FILE            .jsonl, .csv or .parquet, each also .gz; - is stdin; several are read one after the other
  --format FORMAT          json, csv or parquet: for stdin
  --map FILE               how the columns of CSV and Parquet, or other JSON, become events
  --emit WHAT              alerts (default), features or decisions
  --order ORDER            event-time (default): sorted first, each alert written once
                           arrival: as they come, every revision written as it arises
  --lateness DURATION      how far behind its account's newest event an event may be; default 10m
  --out FILE               results; default stdout
  --dead-letters FILE      rows that are not events, with the reason
  --summary FILE           counts as one JSON object

Examples:
  vigil replay --rules rules --events events.jsonl
  vigil replay --rules rules --events april.csv.gz --events may.csv.gz --map bank.map.yaml --out alerts.jsonl
  zcat events.jsonl.gz | vigil replay --rules rules --events - --format json --emit decisions`,
  run,
}

async function run(args: readonly string[]): Promise<number> {
  const { values } = readFlags(
    args,
    {
      rules: { type: 'string' },
      events: { type: 'string', multiple: true },
      format: { type: 'string' },
      map: { type: 'string' },
      emit: { type: 'string', default: 'alerts' },
      order: { type: 'string', default: 'event-time' },
      lateness: { type: 'string', default: '10m' },
      out: { type: 'string' },
      'dead-letters': { type: 'string' },
      summary: { type: 'string' },
    },
    { min: 0, max: 0, what: 'nothing' },
  )
  if (values.rules === undefined) throw new NotStarted('--rules DIR is missing')
  if (values.events === undefined) throw new NotStarted('--events FILE is missing')
  const emit = choice('emit', values.emit, ['alerts', 'features', 'decisions'])
  const order = choice('order', values.order, ['event-time', 'arrival'])
  const latenessMs = readLateness(values.lateness)
  const format = values.format === undefined ? undefined : choice<Format>('format', values.format, formats)
  const ruleSet = await loadRuleFolder(values.rules)
  if (ruleSet.rules.length === 0)
    console.error(`warning: ${values.rules} holds no rule; rules are files named NAME.rule.yaml`)
  const mapText = values.map === undefined ? undefined : { name: values.map, text: await readText(values.map) }
  const map = mapText && MapFile.read(mapText, ruleSet.events)
  const stdin = new KeptStdin(process.stdin)
  const rows = await openRows({
    files: values.events,
    format,
    schema: ruleSet.events,
    map,
    stdin,
  }).catch((error: unknown) => {
    if (!(error instanceof InputRefused) || error.diagnostics.length === 0) throw error
    throw new FoundErrors([error.message, ...error.diagnostics.map((d) => diagnosticText('', d))].join('\n'))
  })
  refuseClashes([...values.events, ...(values.map === undefined ? [] : [values.map])], {
    '--out': values.out,
    '--dead-letters': values['dead-letters'],
    '--summary': values.summary,
  })
  const out =
    values.out === undefined ? LineWriter.toStream(process.stdout, 'stdout') : await LineWriter.toFile(values.out)
  const deadLetters = values['dead-letters'] === undefined ? undefined : await LineWriter.toFile(values['dead-letters'])
  const summaryFile = values.summary === undefined ? undefined : await LineWriter.toFile(values.summary)
  const startedAt = performance.now()
  const options = {
    ruleSet,
    rows,
    emit,
    order,
    latenessMs,
    memoryBytesMax: stateBytesMax(),
    out,
    deadLetters,
    progress: new Progress(),
    files: values.events,
    format,
    map: mapText,
    stdin,
  }
  const threads = await usefulThreads(options)
  stdin.stopKeeping()
  const summary = await replayFiles({ ...options, threads })
  await out.close()
  await deadLetters?.close()
  const seconds = (performance.now() - startedAt) / 1000
  summaryFile?.write(summaryLine(summary, seconds))
  await summaryFile?.close()
  console.error(summaryText(summary, seconds))
  for (const warning of summaryWarnings(summary)) console.error(`warning: ${warning}`)
  return exitCodes.done
}

function readLateness(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms > limits.latenessMsMax)
    throw new NotStarted(`--lateness is a duration such as 30s, 10m or 1h30m, of at most 7d, not "${text}"`)
  return ms
}
