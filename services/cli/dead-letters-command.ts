import { type Command, readFlags, wholeNumber } from './command.ts'
import { LetterClient, type ListedLetter } from './dead-letters/letter-client.ts'
import { exitCodes, NotStarted } from './failure.ts'
import { Progress } from './progress.ts'

const serviceFlags = `  --to URL          address of the service; default http://127.0.0.1:8080
  --token TOKEN     key of the service; default VIGIL_TOKEN, which no list of processes shows`

const choosingFlags = `  --source NAME     only those of this source
  --reason REASON   only those with this reason, such as bad-value`

export const deadLettersListCommand: Command = {
  name: 'deadletters list',
  summary: 'rows of sources that could not be read, newest first, as a running service has them',
  help: `Usage: vigil deadletters list [flags]

One line for each: id, when it came, source, position, row, reason, field, message.

${choosingFlags}
  --limit N         so many at most; default 50
  --json            each as a JSON object, as GET /v1/dead-letters has it
${serviceFlags}

Example:
  vigil deadletters list --source core-banking`,
  run: list,
}

export const deadLettersShowCommand: Command = {
  name: 'deadletters show',
  summary: 'one row that could not be read, with its bytes',
  help: `Usage: vigil deadletters show ID [flags]

Prints the dead letter as JSON: where it came from, what is wrong, and the row as text, or in base64
where it is not UTF-8.

  --raw             prints the bytes of the row, and nothing else
${serviceFlags}

Example:
  vigil deadletters show 17 --raw`,
  run: show,
}

export const deadLettersReplayCommand: Command = {
  name: 'deadletters replay',
  summary: 'try to read such rows again, by the MAP as its file is now; what is taken leaves the list',
  help: `Usage: vigil deadletters replay (ID … | --all | --source NAME | --reason REASON) [flags]

Each is read again by the MAP of its source as its file is now, oldest first, and taken into the log if
that can be done. The source itself goes on with a mended MAP from the next start of the service on.

  --all             all there are
${choosingFlags}
${serviceFlags}

Prints the counts as one JSON object. Exit code 1: some still cannot be read.

Examples:
  vigil deadletters replay 17
  vigil deadletters replay --source core-banking --reason bad-value`,
  run: replay,
}

const serviceOptions = { to: { type: 'string' }, token: { type: 'string' } } as const
const choosingOptions = { source: { type: 'string' }, reason: { type: 'string' } } as const

async function list(args: readonly string[]): Promise<number> {
  const options = {
    ...{ ...serviceOptions, ...choosingOptions },
    limit: { type: 'string', default: '50' },
    json: { type: 'boolean' },
  } as const
  const { values } = readFlags(args, options, { min: 0, max: 0, what: 'nothing' })
  const limit = wholeNumber('limit', values.limit, 1, listedMax)
  const letters = await new LetterClient(values).list({ source: values.source, reason: values.reason, limit })
  for (const letter of letters)
    process.stdout.write(`${values.json === true ? JSON.stringify(letter) : shown(letter)}\n`)
  return exitCodes.done
}

async function show(args: readonly string[]): Promise<number> {
  const options = { ...serviceOptions, raw: { type: 'boolean' } } as const
  const { values, positionals } = readFlags(args, options, { min: 1, max: 1, what: 'ID' })
  const letter = await new LetterClient(values).letter(readId(positionals[0]))
  if (values.raw === true) process.stdout.write(Buffer.from(letter.base64, 'base64'))
  else {
    const { base64, ...rest } = letter
    process.stdout.write(`${JSON.stringify(rest.text === undefined ? letter : rest, null, 2)}\n`)
  }
  return exitCodes.done
}

async function replay(args: readonly string[]): Promise<number> {
  const options = { ...serviceOptions, ...choosingOptions, all: { type: 'boolean' } } as const
  const { values, positionals } = readFlags(args, options, { min: 0, max: idsMax, what: 'ID' })
  const { source, reason, all } = values
  const isChosen = source !== undefined || reason !== undefined || all === true
  if (isChosen === positionals.length > 0)
    throw new NotStarted('give the ids of dead letters, or --all, --source or --reason to take many')
  const client = new LetterClient(values)
  const chosen = isChosen ? (await client.list({ source, reason, limit: listedMax })).map(({ id }) => id).reverse() : []
  const ids = isChosen ? chosen : positionals.map(readId)
  const counts = { letters: 0, accepted: 0, duplicates: 0, dead: 0, gone: 0 }
  const progress = new Progress()
  for (const id of ids) {
    const answer = await client.replay(id)
    counts.letters++
    progress.show('trying', counts.letters, ids.length)
    if (answer === undefined) counts.gone++
    else if (answer.status === 'accepted') counts.accepted++
    else if (answer.status === 'duplicate') counts.duplicates++
    else counts.dead++
  }
  progress.clear()
  process.stdout.write(`${JSON.stringify(counts)}\n`)
  return counts.dead > 0 ? exitCodes.foundWrong : exitCodes.done
}

function readId(text: string): string {
  if (/^\d{1,15}$/.test(text)) return text
  throw new NotStarted(`the id of a dead letter is a number, not "${text}"; vigil deadletters list shows them`)
}

const shown = ({ id, receivedAt, source, position, row, reason, field, message }: ListedLetter): string =>
  // A message may show a part of the row, and a row may hold what a terminal obeys.
  [id, receivedAt, source, position, `row ${row}`, reason, field ?? '-', message].join('  ').replace(/\p{Cc}/gu, '?')

/** As many as a service keeps. */
const listedMax = 200_000
const idsMax = 10_000
