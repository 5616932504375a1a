import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Random } from '#shared/generator/random'
import { partitionOf } from '../../services/detector/partition-of.ts'
import { writeStream } from '../replay/stream.ts'

/** A stream as a bank sends it. */
export interface Payments {
  /** All rows in order of sending, as JSON Lines. */
  readonly file: string
  readonly rows: readonly string[]
  /** Number of the event in each row: a repeat has that of the first. */
  readonly numbers: readonly number[]
  readonly events: number
  /** Rows that are sent before the rules change. */
  readonly half: number
  /** By partition: highest event time before the rules change, ms. */
  readonly changeAt: readonly number[]
}

/**
 * The stream of the replay's measurements, with what a bank does to it: some events come a little later than newer ones, some twice, some too
 * late. None of the last crosses the change of rules, since the set before it judges for as long as the lateness only.
 */
export async function makePayments(
  folder: string,
  options: {
    readonly events: number
    readonly accounts: number
    readonly seed: number
    readonly partitions?: number
  },
): Promise<Payments> {
  const { events, accounts, seed, partitions = 1 } = options
  const sorted = join(folder, 'sorted.jsonl')
  await writeStream(sorted, { events, accounts, seed })
  const lines: string[] = []
  for await (const line of createInterface({ input: createReadStream(sorted) })) lines.push(line)
  const sent = orderOfSending(lines, new Random(seed))
  const rows = sent.map(({ number }) => lines[number])
  const file = join(folder, 'payments.jsonl')
  await pipeline(
    Readable.from(rows).map((row: string) => `${row}\n`),
    createWriteStream(file),
  )
  const half = Math.floor(rows.length / 2)
  const changeAt = new Array<number>(partitions).fill(0)
  for (const row of rows.slice(0, half)) {
    const partition = partitionOf(accountOf(row), partitions)
    changeAt[partition] = Math.max(changeAt[partition], timeOf(row))
  }
  return { file, rows, numbers: sent.map(({ number }) => number), events, half, changeAt }
}

function orderOfSending(lines: readonly string[], random: Random): readonly Sent[] {
  const stepMs = timeOf(lines[1]) - timeOf(lines[0])
  const half = lines.length / 2
  const rowsMargin = repeatedShare * lines.length + tardyMsMax / stepMs
  const sent: Sent[] = []
  for (const number of lines.keys()) {
    const rowsLater = random.between(0, tardyMsMax) / stepMs
    if (random.chance(tardyShare)) sent.push({ number, place: number + rowsLater })
    else if (random.chance(repeatedShare)) sent.push({ number, place: number }, { number, place: number + rowsLater })
    else {
      const late = number + random.between(lateMsMin, 2 * lateMsMin) / stepMs
      const crosses = number < half + rowsMargin && late > half - rowsMargin
      sent.push({ number, place: random.chance(lateShare) && !crosses ? late : number })
    }
  }
  return sent.sort((a, b) => a.place - b.place || a.number - b.number)
}

interface Sent {
  readonly number: number
  readonly place: number
}

const accountOf = (row: string): string => /"account":"([^"]*)"/.exec(row)?.[1] ?? ''

const timeOf = (row: string): number => Number(/"at":(\d+)/.exec(row)?.[1])

/** Number of an event by its id: `tx-0000000041`. */
export const numberOf = (id: string): number => Number(id.slice('tx-'.length))

const tardyShare = 0.1
const repeatedShare = 0.005
const lateShare = 0.002
/** Within the lateness of ten minutes, and beyond it. */
const tardyMsMax = 9 * 60_000
const lateMsMin = 15 * 60_000
