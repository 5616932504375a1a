import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { generate } from '#shared/generator/generate'
import { Random } from '#shared/generator/random'
import type { Payments } from '../kills/payments.ts'

/** As `vigil serve` and `vigil replay` are told; long enough that an account's events within it are several. */
export const lateness = '2h'
const latenessMs = 2 * 3_600_000

/** The stream of the generated bank, as it arrives: a tenth out of order within the lateness, some events twice, some too late. */
export async function makeBankStream(folder: string, events: number, seed: number): Promise<Payments> {
  const random = new Random(seed)
  const lines: string[] = []
  const sent: { readonly number: number; readonly place: number }[] = []
  for (const { event, atMs } of generate({ seed, customers, events, start, fraud: fraudTimes })) {
    const number = lines.length
    lines.push(JSON.stringify({ ...event, id: `tx-${String(number).padStart(10, '0')}`, at: atMs }))
    const tardyMs = random.between(0, 0.9 * latenessMs)
    if (random.chance(tardyShare)) sent.push({ number, place: atMs + tardyMs })
    else if (random.chance(lateShare)) sent.push({ number, place: atMs + latenessMs + 2 * tardyMs })
    else sent.push({ number, place: atMs })
    if (random.chance(repeatedShare)) sent.push({ number, place: atMs + tardyMs })
  }
  sent.sort((a, b) => a.place - b.place || a.number - b.number)
  const rows = sent.map(({ number }) => lines[number])
  const file = join(folder, 'sent.jsonl')
  const ended = rows.map((row) => `${row}\n`)
  await pipeline(Readable.from(ended), createWriteStream(file))
  return { file, rows, numbers: sent.map(({ number }) => number), events, half: rows.length, changeAt: [0] }
}

/** The first rows of some events, to be sent for a decision. */
export function decidedRows({ numbers }: Payments, seed: number): (row: number) => boolean {
  const random = new Random(seed)
  const seen = new Set<number>()
  const decided = new Set<number>()
  for (const [row, number] of numbers.entries()) {
    if (!seen.has(number) && random.chance(decidedShare)) decided.add(row)
    seen.add(number)
  }
  return (row) => decided.has(row)
}

const customers = 2_000
const start = Date.UTC(2026, 0, 5)
/** So many that alerts are on their way at any moment. */
const fraudTimes = 100
const tardyShare = 0.1
const lateShare = 0.005
const repeatedShare = 0.01
const decidedShare = 0.02
