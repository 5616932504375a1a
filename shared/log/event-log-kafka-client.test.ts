import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { resettingServer } from '../../tests/support/resetting-server.ts'
import { LogUnavailable } from './event-log.ts'
import { openKafkaLog } from './event-log-kafka.ts'
import { kafkaClients } from './event-log-kafka-client.ts'

it.each(kafkaClients)(
  'says that brokers reset the connection of who wants to say who it is, and outlives it, by %s',
  async (client) => {
    await using server = await resettingServer()
    const folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
    const url = `kafka://u:p@127.0.0.1:${server.port}/`
    const opening = openKafkaLog({ url, folder, partitions: 1, latenessMs: 1, client })
    await expect(opening).rejects.toThrow(LogUnavailable)
    await rm(folder, { recursive: true })
    expect(server.resetsCount).toBeGreaterThan(0)
    expect(server.uncaught).toEqual([])
  },
  30_000,
)
