import { expect, it } from 'vitest'
import { resettingServer } from '../../tests/support/resetting-server.ts'
import { KafkaSource } from './kafka-source.ts'
import { readSourceAddress } from './source-address.ts'
import { SourceAway } from './source-reader.ts'

it('is away, and ends nothing else, when brokers reset its connection while it says who it is', {
  timeout: 60_000,
}, async () => {
  await using server = await resettingServer()
  const address = readSourceAddress('cards', `kafka://127.0.0.1:${server.port}/cards`)
  if ('message' in address || address.kind !== 'kafka') throw new Error('not the address of a topic')
  const sasl = { mechanism: 'SCRAM-SHA-512', username: 'u', password: 'p' } as const
  const opening = new KafkaSource(address, { sasl }).open(new AbortController().signal, () => {})
  await expect(opening).rejects.toBeInstanceOf(SourceAway)
  expect(server.resetsCount).toBeGreaterThan(0)
  expect(server.uncaught).toEqual([])
})
