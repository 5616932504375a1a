import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { generate } from '#shared/generator/generate'
import type { Service } from '../../detector/service.ts'
import { rowsOf } from './rows-of.ts'

/**
 * The demo's own bank: a year of its life at speed, then on in real time. Its events enter as any bank's do. Where it stands is written
 * down, so that the next start goes on; what is sent twice then has no effect.
 */
export async function feedDemo(service: Service, dataDir: string, signal: AbortSignal): Promise<void> {
  const file = join(dataDir, 'demo.json')
  const place = readPlace(file)
  let sent = 0
  let batch: string[] = []
  let dueAt = Date.now()
  for (const { event, atMs } of generate({ seed: 1, customers, start: place.start })) {
    if (sent + batch.length < place.sent) {
      sent++
      // The past is made again, not sent: others need their turn meanwhile.
      if (sent % batchRows === 0) await setTimeout(0, undefined, { signal })
      continue
    }
    batch.push(JSON.stringify(event))
    const isAhead = atMs > Date.now()
    if (batch.length < batchRows && !isAhead) continue
    if (isAhead) await setTimeout(Math.min(atMs - Date.now(), 2 ** 31 - 1), undefined, { signal })
    await send(service, batch, signal)
    sent += batch.length
    batch = []
    dueAt = Math.max(dueAt + (1000 * batchRows) / eventsPerSecond, Date.now() - 1000)
    if (sent % (50 * batchRows) < batchRows) await writePlace(file, { start: place.start, sent })
    await setTimeout(Math.max(0, dueAt - Date.now()), undefined, { signal })
  }
}

/** All but one of them together, and one as a bank that waits for the decision. */
async function send(service: Service, lines: readonly string[], signal: AbortSignal): Promise<void> {
  const context = { traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01` }
  const last = lines.length - 1
  if (last > 0) await untilTaken(() => service.submit(rowsOf(lines.slice(0, last)), context), signal)
  await untilTaken(() => service.decide(rowsOf(lines.slice(last)), context, 1_000), signal)
}

async function untilTaken(attempt: () => Promise<{ readonly kind: string }>, signal: AbortSignal): Promise<void> {
  while ((await attempt()).kind === 'unavailable') await setTimeout(200, undefined, { signal })
}

interface Place {
  readonly start: number
  /** Events that were taken. */
  readonly sent: number
}

function readPlace(file: string): Place {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // None yet, or one that was damaged: whatever was sent before has other times, and stays.
    return { start: Math.floor((Date.now() - lifeMs) / 86_400_000) * 86_400_000, sent: 0 }
  }
}

async function writePlace(file: string, place: Place): Promise<void> {
  await writeFile(`${file}.partial`, JSON.stringify(place))
  await rename(`${file}.partial`, file)
}

const customers = 20_000
const lifeMs = 365 * 86_400_000
const batchRows = 20
const eventsPerSecond = 2_000
