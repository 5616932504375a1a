// A process that commits until it is killed, and prints the number of each commit that was answered. Its first argument is the folder.

import { writeSync } from 'node:fs'
import type { Commit } from '#shared/protocol/commit'
import { SqliteCheckpointStore } from './checkpoint-store-sqlite.ts'

export const victimActors = 50

/** Commit number `number` of the process, from 1 on. */
export function victimCommit(number: number): Commit {
  const id = `c${number}`
  const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
  const first = Array.from({ length: victimActors }, (_, i) => i)
  const some = Array.from({ length: 20 }, (_, i) => (number * 7 + i * 3) % victimActors)
  return {
    partition: 0,
    epoch: 1,
    id,
    previous: number === 1 ? undefined : `c${number - 1}`,
    manifest: { id, position: number, tailDigest: number, owner: bytes(id) },
    stagedParts: 0,
    actors: (number === 1 ? first : some).map((actor, i) => ({
      generation: 0,
      population: 0,
      key: `k${actor}`,
      form: number === 1 || i % 5 === 0 ? 'base' : 'appended',
      deadline: Number.POSITIVE_INFINITY,
      hasBook: false,
      bytes: bytes(`${number}-${i} `.padEnd(200, '.')),
    })),
    outbox: [{ number, bytes: bytes(id) }],
    deliveredUpTo: number - 3,
    droppedGenerations: [],
  }
}

async function commitForever(folder: string): Promise<never> {
  const store = new SqliteCheckpointStore(folder, { segmentBytes: 2_048, slackBytes: 20_000 })
  await store.claim(0, 1)
  for (let number = 1; ; number++) {
    if ((await store.commit(victimCommit(number))) !== 'ok') throw new Error(`commit ${number} was refused`)
    writeSync(1, `${number}\n`)
  }
}

if (import.meta.main) await commitForever(process.argv[2])
