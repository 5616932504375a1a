import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { openBrokerLog } from './broker-log.ts'
import { MemoryBroker, MemoryBrokerStorage } from './broker-memory.ts'
import { appended, bodies, events } from './testing/log-content.ts'

let folder = ''
afterEach(() => rm(folder, { recursive: true }))

it('makes the follower of a log anew when it is told to, which takes each record once (T1)', async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigil-log-renewal-'))
  const broker = new MemoryBroker(new MemoryBrokerStorage({ partitions: 1, countsTogether: true }))
  const log = await openBrokerLog({ broker, folder, partitions: 1, latenessMs: 600_000 })
  await appended(log, events([{ id: 'a' }]))
  expect(await bodies(log)).toEqual(['body of a'])
  const { next } = await log.bounds(0)
  broker.stall()
  await appended(log, events([{ id: 'b' }]))
  log.renewReader()
  expect(broker.followersCount).toBe(2)
  await log.waitFor(0, next, new AbortController().signal)
  expect(await bodies(log)).toEqual(['body of a', 'body of b'])
  await log.close()
  log.renewReader()
  expect(broker.followersCount).toBe(2)
})
