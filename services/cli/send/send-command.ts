import { access, constants, stat } from 'node:fs/promises'
import { parseDuration } from '#shared/domain/time'
import { fileProblem } from '#shared/wire/input-failure'
import { type Format, formatOf, formats } from '#shared/wire/input-format'
import { type Command, choice, readFlags, wholeNumber } from '../command.ts'
import { exitCodes, NotStarted } from '../failure.ts'
import { refuseClashes } from '../file-clash.ts'
import { Progress } from '../progress.ts'
import { listenForStop } from '../stop-signal.ts'
import { ConnectionPool } from './connection-pool.ts'
import { inputStart, readBatches } from './read-batches.ts'
import { RejectedRows } from './rejected-rows.ts'
import { ResumeFile, readResumeFile } from './resume-file.ts'
import { noCounts, runSend, type SendCounts } from './run-send.ts'
import { SendFailed } from './send-failed.ts'

export const sendCommand: Command = {
  name: 'send',
  summary: 'send recorded events to a running service',
  help: `Usage: vigil send --to URL FILE [FILE …] [flags]

Sends JSON lines to a Vigil service, each byte for byte as it is, and ends when the service has all of
them durably. What it cannot take now is sent again; rows that it rejects are told, and left out.

  --to URL                 address of the service, such as http://127.0.0.1:8080
  FILE                     .jsonl, also .gz; - is stdin; several are sent one after the other
  --rate N                 rows per second, by the clock; default as fast as answers come
  --batch N                rows of one request, 1 to 5000; default 100
  --connections N          requests at a time, 1 to 64; default 1, which keeps the order of rows
  --resume FILE            keeps how many rows were acknowledged; the next run with it goes on there
  --rejected FILE          rejected rows, with the reason; default the first 20, on stderr
  --give-up-after TIME     how long one request is tried again; default 10m
  --format json            for names that do not end in .jsonl
  --token TOKEN            key of the service; default VIGIL_TOKEN, which no list of processes shows

Prints the counts as one JSON object. Exit code 1: rows were rejected, or sending broke off. Ctrl-C
waits for the answers that are under way.

Examples:
  vigil send --to http://127.0.0.1:8080 events.jsonl
  vigil send --to http://127.0.0.1:8080 events.jsonl.gz --rate 1000 --resume sent.json --rejected bad.jsonl
  vigil generate --days 30 | vigil send --to http://127.0.0.1:8080 -`,
  run,
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals: files } = readFlags(
    args,
    {
      to: { type: 'string' },
      rate: { type: 'string' },
      batch: { type: 'string', default: '100' },
      connections: { type: 'string', default: '1' },
      resume: { type: 'string' },
      rejected: { type: 'string' },
      'give-up-after': { type: 'string', default: '10m' },
      format: { type: 'string' },
      map: { type: 'string' },
      token: { type: 'string' },
    },
    { min: 1, max: Number.MAX_SAFE_INTEGER, what: 'FILE' },
  )
  if (values.to === undefined) throw new NotStarted('--to URL is missing, such as --to http://127.0.0.1:8080')
  const url = transactionsUrl(values.to)
  const rowsMax = wholeNumber('batch', values.batch, 1, 5_000)
  const connections = wholeNumber('connections', values.connections, 1, 64)
  const rate = values.rate === undefined ? undefined : wholeNumber('rate', values.rate, 1, 10_000_000)
  const giveUpAfterMs = readGiveUpAfter(values['give-up-after'])
  const token = readToken(values.token ?? process.env['VIGIL_TOKEN'])
  const format = values.format === undefined ? undefined : choice<Format>('format', values.format, formats)
  if (values.map !== undefined) throw new NotStarted(`--map: ${jsonOnly}`)
  const inputs = await jsonInputs(files, format)
  refuseClashes(files, { '--resume': values.resume, '--rejected': values.rejected })

  const from = values.resume === undefined ? inputStart : readResumeFile(values.resume)
  if (from.rows > 0) console.error(`vigil send: going on behind row ${from.rows.toLocaleString('en')}`)
  const progress = new Progress()
  const say = (text: string): void => {
    progress.clear()
    console.error(text)
  }
  const stop = listenForStop(() => say('vigil send: stopping once the answers under way are here; again stops at once'))
  const outages = new OutageNotices(say)
  const rejectedRows = new RejectedRows(values.rejected, from.rows > 0, say)
  const pool = new ConnectionPool({ url, token, connections })
  const counts = noCounts()
  const startedAt = performance.now()
  const sending = runSend(
    {
      batches: readBatches({ files: inputs, stdin: process.stdin, rowsMax, from }),
      ...{ from, pool, connections, rate, giveUpAfterMs, rejectedRows, signal: stop.signal },
      resumeFile: values.resume === undefined ? undefined : new ResumeFile(values.resume),
      onStop: () => files.includes('-') && process.stdin.destroy(),
      onFailure: (reason) => outages.tell(reason),
      onProgress: (rows) => progress.show('sending', from.rows + rows),
    },
    counts,
  )
  const failure = await sending.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  pool.close()
  rejectedRows.close()
  progress.clear()
  if (failure?.error instanceof NotStarted) throw failure.error
  process.stdout.write(`${summaryLine(counts, (performance.now() - startedAt) / 1000)}\n`)
  if (failure?.error instanceof SendFailed) {
    const next = values.resume === undefined ? '' : '; the same command goes on from here'
    console.error(`vigil send: ${failure.error.message}${next}`)
    return exitCodes.foundWrong
  }
  if (failure !== undefined) throw failure.error
  return stop.code() ?? (counts.rejected > 0 ? exitCodes.foundWrong : exitCodes.done)
}

function transactionsUrl(to: string): URL {
  const url = URL.canParse(to) ? new URL(to) : undefined
  const isFit =
    (url?.protocol === 'http:' || url?.protocol === 'https:') &&
    url.search === '' &&
    url.hash === '' &&
    url.username === ''
  if (url === undefined || !isFit)
    throw new NotStarted(
      '--to is the address of a service, such as http://127.0.0.1:8080, without user, query or fragment',
    )
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/transactions`
  return url
}

function readGiveUpAfter(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new NotStarted(`--give-up-after is a duration such as 30s, 10m or 1h, not "${text}"`)
  return ms
}

function readToken(token: string | undefined): string | undefined {
  if (token === undefined || token === '' || /^[\x21-\x7e]+$/.test(token)) return token || undefined
  throw new NotStarted('the token (--token or VIGIL_TOKEN) has spaces, or characters that no key has')
}

const jsonOnly =
  'this version sends JSON lines as they are; rows of other kinds have to become the JSON of their event type first'

/** Everything that can be told before the first row, at once. Rejects with NotStarted and InputRefused. */
async function jsonInputs(
  files: readonly string[],
  format: Format | undefined,
): Promise<{ readonly file: string; readonly isGzip: boolean }[]> {
  const found: string[] = []
  const inputs = files.map((file) => ({ file, ...formatOf(file, file === '-' ? (format ?? 'json') : format) }))
  for (const { file, format } of inputs) {
    if (format !== 'json') found.push(`${file}: ${format}: ${jsonOnly}`)
    if (file === '-') continue
    const problem = await access(file, constants.R_OK).catch((error: unknown) => fileProblem(file, error))
    if (problem !== undefined) found.push(problem)
    else if ((await stat(file)).isDirectory()) found.push(`${file}: is a folder`)
  }
  if (files.filter((file) => file === '-').length > 1) found.push('stdin (-) can be read once only')
  if (found.length > 0) throw new NotStarted(found.join('\n'))
  return inputs
}

function summaryLine(counts: SendCounts, seconds: number): string {
  return JSON.stringify({
    ...counts,
    seconds: Math.round(seconds * 1000) / 1000,
    eventsPerSecond: Math.round((counts.accepted + counts.duplicates) / Math.max(seconds, 0.001)),
  })
}

/** Says why nothing goes on, now and then. */
class OutageNotices {
  readonly #say: (text: string) => void
  #saidAt = Number.NEGATIVE_INFINITY

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  tell(reason: string): void {
    if (performance.now() - this.#saidAt < noticeEveryMs) return
    this.#saidAt = performance.now()
    this.#say(`vigil send: ${reason}; trying again`)
  }
}

const noticeEveryMs = 10_000
