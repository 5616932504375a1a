import { randomUUID } from 'node:crypto'
import { describe } from 'vitest'
import { serverFor } from '../../tests/support/servers.ts'
import { testCheckpointStore } from './checkpoint-store.conformance.ts'
import { testCheckpointPages } from './checkpoint-store-pages.conformance.ts'
import { RedisCheckpointStore } from './checkpoint-store-redis.ts'

const url = (await serverFor('the checkpoint store in Redis', 'redis')) ?? ''
describe.skipIf(url === '')('with a server,', () => {
  const open = async (): Promise<RedisCheckpointStore> => new RedisCheckpointStore({ url, tenant: randomUUID() })
  testCheckpointStore('the checkpoint store in Redis', open)
  testCheckpointPages('the checkpoint store in Redis', open)
})
