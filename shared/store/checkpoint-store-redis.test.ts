import { randomUUID } from 'node:crypto'
import { describe } from 'vitest'
import { serverFor } from '../../tests/support/servers.ts'
import { testCheckpointStore } from './checkpoint-store.conformance.ts'
import { RedisCheckpointStore } from './checkpoint-store-redis.ts'

const url = (await serverFor('the checkpoint store in Redis', 'redis')) ?? ''
describe.skipIf(url === '')('with a server,', () => {
  testCheckpointStore(
    'the checkpoint store in Redis',
    async () => new RedisCheckpointStore({ url, tenant: randomUUID() }),
  )
})
