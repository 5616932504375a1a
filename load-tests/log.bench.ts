// How many records a second an event log appends and reads: SQLite on the disk of the folder for temporary files, or a broker.
//
//   node load-tests/log.bench.ts [--records 1000000] [--per-request 100] [--in-flight 20] [--bytes 300] [--partitions 4] [--log nats://127.0.0.1:4222]
//
// Measured, by the clock: events with an id of their own, spread over the partitions, appended in requests of one size with so many of
// them under way at a time, every one durable before it is answered; how long a request took; reading all of it again from the disk in
// blocks of 1 MB; finding events by id; opening the log after it was closed.
// On a broker the log is a stream of its own, which stays there: remove it afterwards.
// Left out: making and checking events, the network, reading while others append. The log begins empty: a larger index takes longer.
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { AppendRequest, EventLog } from '#shared/log/event-log'
import { openNatsLog } from '#shared/log/event-log-nats'
import { openSqliteLog } from '#shared/log/event-log-sqlite'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    'per-request': { type: 'string', default: '100' },
    'in-flight': { type: 'string', default: '20' },
    bytes: { type: 'string', default: '300' },
    partitions: { type: 'string', default: '4' },
    log: { type: 'string', default: 'sqlite:' },
  },
})
const records = Number(values.records)
const perRequest = Number(values['per-request'])
const partitions = Number(values.partitions)
const body = new Uint8Array(Number(values.bytes)).fill(0x61)

/** Events one millisecond apart. */
function request(first: number): AppendRequest {
  const numbers = Array.from({ length: perRequest }, (_, i) => first + i)
  return {
    kind: 'event',
    receivedAt: first,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    partitions: numbers.map((n) => n % partitions),
    ids: numbers.map((n) => `transaction-${n}`),
    at: numbers.map((n) => startMs + n),
    digests: numbers,
    bodies: numbers.map(() => body),
  }
}

const startMs = Date.UTC(2026, 0, 1)

async function appendAll(log: EventLog): Promise<void> {
  const latencies: number[] = []
  let first = 0
  let mark = { at: performance.now(), records: 0 }
  const startedAt = performance.now()
  const startedCpu = process.cpuUsage()
  const appendOn = async (): Promise<void> => {
    while (first < records) {
      const next = request(first)
      first += perRequest
      const askedAt = performance.now()
      await log.append(next)
      latencies.push(performance.now() - askedAt)
      const done = latencies.length * perRequest
      if (done - mark.records >= records / 5) {
        const now = performance.now()
        console.log(`  up to ${done}: ${rate(done - mark.records, now - mark.at)}`)
        mark = { at: now, records: done }
      }
    }
  }
  await Promise.all(Array.from({ length: Number(values['in-flight']) }, appendOn))
  const { user, system } = process.cpuUsage(startedCpu)
  const sorted = latencies.sort((a, b) => a - b)
  const percentile = (share: number): string => sorted[Math.floor((sorted.length - 1) * share)].toFixed(1)
  console.log(
    `appended ${rate(records, performance.now() - startedAt)}, ${((user + system) / records).toFixed(1)} µs of processor a record; ` +
      `a request took ${percentile(0.5)} ms, ${percentile(0.99)} at p99, ${percentile(1)} at most`,
  )
}

async function readAll(log: EventLog, name: string): Promise<void> {
  const startedAt = performance.now()
  let count = 0
  for (let partition = 0; partition < partitions; partition++) {
    const { first, next } = await log.bounds(partition)
    for (let offset = first; offset < next; ) {
      const block = await log.read(partition, offset, 2 ** 20)
      count += block.length
      offset = block.offsets[block.length - 1] + 1
    }
  }
  console.log(`${name} ${rate(count, performance.now() - startedAt)}`)
}

async function findSome(log: EventLog): Promise<void> {
  const startedAt = performance.now()
  const ids = Array.from({ length: 10_000 }, (_, i) => `transaction-${Math.floor((i * records) / 10_000)}`)
  let count = 0
  for (let i = 0; i < ids.length; i += 10) count += (await log.find(ids.slice(i, i + 10))).length
  console.log(`found ${rate(count, performance.now() - startedAt)}, asked for ten at a time`)
}

const rate = (count: number, ms: number): string => `${(count / ms).toFixed(0)} k records/s`

const folder = await mkdtemp(join(tmpdir(), 'vigil-bench-'))
try {
  const options = { folder, partitions, latenessMs: 600_000 }
  const { protocol } = new URL(values.log)
  const url = `${values.log.replace(/\/$/, '')}/?stream=bench-${Date.now()}`
  const open = (): Promise<EventLog> =>
    protocol === 'sqlite:' ? openSqliteLog(options) : openNatsLog({ ...options, url })
  const log = await open()
  console.log(
    `${records} records of ${values.bytes} bytes in requests of ${perRequest}, ${values['in-flight']} under way, Node ${process.version}`,
  )
  await appendAll(log)
  await readAll(log, 'read')
  await readAll(log, 'read once more')
  await findSome(log)
  await log.close()
  const openedAt = performance.now()
  const again = await open()
  console.log(`opened again in ${(performance.now() - openedAt).toFixed(0)} ms`)
  await again.close()
  const file = protocol === 'sqlite:' ? 'log.db' : 'log-index.db'
  const { size } = await stat(join(folder, file))
  console.log(`${(size / records).toFixed(0)} bytes of ${file} a record`)
} finally {
  await rm(folder, { recursive: true })
}
