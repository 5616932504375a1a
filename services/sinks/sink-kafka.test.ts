import { expect, it } from 'vitest'
import { resettingServer } from '../../tests/support/resetting-server.ts'
import { SinkUnavailable } from './sink.ts'
import { sinkAt } from './sink-address.ts'

it('is away, and ends nothing else, when brokers reset its connection while it says who it is', {
  timeout: 30_000,
}, async () => {
  await using server = await resettingServer()
  const opening = sinkAt(`kafka://u:p@127.0.0.1:${server.port}/alerts`).open()
  await expect(opening).rejects.toBeInstanceOf(SinkUnavailable)
  expect(server.resetsCount).toBeGreaterThan(0)
  expect(server.uncaught).toEqual([])
})
