import { openSqliteLog } from './event-log-sqlite.ts'

// Appends requests of three events, several at a time, to the log in a folder, from a number on, until it is killed; its test hears of
// each answer.
const log = await openSqliteLog({ folder: process.argv[2], partitions: 2, latenessMs: 600_000 }, { recentIdsMax: 50 })
let next = Number(process.argv[3])

async function appendOn(): Promise<void> {
  for (;;) {
    const number = next++
    const ids = [0, 1, 2].map((i) => `${number}-${i}`)
    await log.append({
      kind: 'event',
      receivedAt: 1,
      traceparent: '',
      partitions: [0, 1, 0],
      ids,
      at: [1, 2, 3],
      digests: [1, 2, 3],
      bodies: ids.map((id) => Buffer.from(id)),
    })
    process.send!(number)
  }
}

await Promise.all(Array.from({ length: 8 }, appendOn))
