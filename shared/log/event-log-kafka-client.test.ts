import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LogUnavailable } from './event-log.ts'
import { openKafkaLog } from './event-log-kafka.ts'
import { kafkaClients } from './event-log-kafka-client.ts'

it.each(kafkaClients)(
  'says that brokers cut off who wants to say who it is, and outlives it, by %s',
  async (client) => {
    const server = createServer((socket) => socket.on('data', () => socket.destroy()).on('error', () => undefined))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const folder = await mkdtemp(join(tmpdir(), 'vigil-log-kafka-'))
    const opening = openKafkaLog({
      url: `kafka://u:p@127.0.0.1:${port}/`,
      folder,
      partitions: 1,
      latenessMs: 1,
      client,
    })
    await expect(opening).rejects.toThrow(LogUnavailable)
    await rm(folder, { recursive: true })
    server.close()
  },
  30_000,
)
