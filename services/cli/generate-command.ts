import { parseTimestamp } from '#shared/domain/time'
import { generate } from '#shared/generator/generate'
import { LineWriter } from '#shared/wire/line-writer'
import { type Command, readFlags, wholeNumber } from './command.ts'
import { exitCodes, NotStarted } from './failure.ts'
import { refuseClashes } from './file-clash.ts'
import { Progress } from './progress.ts'

export const generateCommand: Command = {
  name: 'generate',
  summary: 'write a seeded stream of a bank, with labelled fraud',
  help: `Usage: vigil generate [flags]

Writes the events of customers with habits, in order of time, as JSON Lines; and which of them are
fraud. The same flags give the same bytes.

  --seed N          default 1
  --customers N     default 2000
  --days N          length of the stream; default 90
  --events N        stop after so many events
  --start TIME      RFC 3339 with zone; default 2026-01-01T00:00:00Z; the quiet past of dormant
                    accounts lies up to 120 days before it
  --out FILE        events; default stdout
  --labels FILE     one line for each fraudulent event: {"id","kind","case"}

Examples:
  vigil generate --out events.jsonl --labels labels.jsonl
  vigil generate --seed 7 --customers 100000 --events 1000000 | vigil replay --rules rules --events - --format json`,
  run,
}

async function run(args: readonly string[]): Promise<number> {
  const { values } = readFlags(
    args,
    {
      seed: { type: 'string', default: '1' },
      customers: { type: 'string', default: '2000' },
      days: { type: 'string', default: '90' },
      events: { type: 'string' },
      start: { type: 'string', default: '2026-01-01T00:00:00Z' },
      out: { type: 'string' },
      labels: { type: 'string' },
    },
    { min: 0, max: 0, what: 'nothing' },
  )
  const start = parseTimestamp(values.start)
  if (start === undefined) throw new NotStarted(`--start is a time such as 2026-01-01T00:00:00Z, not "${values.start}"`)
  const events =
    values.events === undefined ? undefined : wholeNumber('events', values.events, 1, Number.MAX_SAFE_INTEGER)
  const stream = generate({
    seed: wholeNumber('seed', values.seed, 0, 2 ** 32 - 1),
    customers: wholeNumber('customers', values.customers, 1, 10_000_000),
    days: wholeNumber('days', values.days, 1, 3_650),
    start,
    ...(events === undefined ? {} : { events }),
  })
  refuseClashes([], { '--out': values.out, '--labels': values.labels })
  const out =
    values.out === undefined ? LineWriter.toStream(process.stdout, 'stdout') : await LineWriter.toFile(values.out)
  const labels = values.labels === undefined ? undefined : await LineWriter.toFile(values.labels)
  const progress = new Progress()
  let written = 0
  for (const { event, label } of stream) {
    out.write(JSON.stringify(event))
    if (label !== null) labels?.write(JSON.stringify({ id: event.id, kind: label.kind, case: label.case }))
    if (++written % eventsPerDrain === 0) {
      await out.drain()
      await labels?.drain()
      progress.show('generating', written, events)
    }
  }
  await out.close()
  await labels?.close()
  progress.clear()
  return exitCodes.done
}

const eventsPerDrain = 1024
