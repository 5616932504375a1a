import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { EventLog } from '#shared/log/event-log'
import { recordKinds } from '#shared/protocol/log-record'
import { numberOf, type Payments } from '../kills/payments.ts'

/** All events that the log holds at the end. */
export interface LogContent {
  /** As JSON Lines, in the order of the log. */
  readonly file: string
  readonly events: number
  /** Records of events that were there already. */
  readonly repeats: number
  /** By number of the event: its positions. */
  readonly places: ReadonlyMap<number, readonly string[]>
  /** What must not be, in words. */
  readonly wrongs: readonly string[]
}

/** Reads one partition from its start to its end. What was sent must be there in the order of sending, byte for byte, whatever is there again. */
export async function readLog(log: EventLog, folder: string, { rows, numbers }: Payments): Promise<LogContent> {
  const bodies: string[] = []
  const places = new Map<number, string[]>()
  const wrongs: string[] = []
  const order = firstRows(numbers)
  const { first, next } = await log.bounds(0)
  for (let from = first; from < next; ) {
    const block = await log.read(0, from, readBytes)
    if (block.length === 0) break
    for (let i = 0; i < block.length; i++) {
      if (!eventKinds.has(recordKinds[block.kinds[i]])) continue
      const body = Buffer.from(block.bytes.subarray(block.starts[i], block.ends[i])).toString()
      const number = numberOf(JSON.parse(body).id)
      const known = places.get(number)
      if (known === undefined) {
        const row = order[places.size]
        if (rows[row] !== body) wrongs.push(`event ${places.size} of the log is ${body}, and was sent as ${rows[row]}`)
      }
      places.set(number, [...(known ?? []), `0:${block.offsets[i]}`])
      bodies.push(body)
    }
    from = block.offsets[block.length - 1] + 1
  }
  const file = join(folder, 'log.jsonl')
  const lines = bodies.map((body) => `${body}\n`)
  await pipeline(Readable.from(lines), createWriteStream(file))
  return { file, events: places.size, repeats: bodies.length - places.size, places, wrongs }
}

/** Of each event the row in which it was sent first, in that order. */
function firstRows(numbers: readonly number[]): readonly number[] {
  const seen = new Set<number>()
  return numbers.flatMap((number, row) => {
    if (seen.has(number)) return []
    seen.add(number)
    return [row]
  })
}

const eventKinds: ReadonlySet<string> = new Set(['event', 'decide'])
const readBytes = 4 * 2 ** 20
