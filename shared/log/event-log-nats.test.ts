import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { describe } from 'vitest'
import { serverFor } from '../../tests/support/servers.ts'
import type { LogUnderTest } from './event-log.conformance.ts'
import { openNatsLog } from './event-log-nats.ts'
import { trimmableLogConformance } from './event-log-trim.conformance.ts'

const url = await serverFor('the log on NATS', 'nats')

describe.skipIf(url === undefined)('with a server', () => {
  let count = 0
  trimmableLogConformance('the log on NATS', async ({ partitions, latenessMs }): Promise<LogUnderTest> => {
    const folder = await mkdtemp(join(tmpdir(), 'vigil-log-nats-'))
    const stream = `test-${process.pid}-${Date.now()}-${count++}`
    const open = () => openNatsLog({ url: `${url}/?stream=${stream}`, folder, partitions, latenessMs })
    return {
      log: await open(),
      reopen: open,
      remove: async () => {
        await removeStream(stream)
        await rm(folder, { recursive: true })
      },
      // All that a test appends came within the lateness, so the log that is opened again has learned it.
      tellsRepeatsForever: true,
    }
  })
})

async function removeStream(stream: string): Promise<void> {
  const client = await connect({ servers: url! })
  await (await jetstreamManager(client)).streams.delete(stream)
  await client.close()
}
